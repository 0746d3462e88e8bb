# Project level: the same for every stage.

terraform {
  backend "kubernetes" {
    in_cluster_config = true
  }
}

# From the event.
variable "stage" { type = string }
variable "service" { type = string }
variable "release" { type = string }

# From the stage's stage.auto.tfvars.
variable "replicas" { type = number }
variable "size" { type = string }

# From the Secret.
variable "database_password" {
  type      = string
  sensitive = true
}

# Stands for real resources: it needs no provider to be downloaded.
resource "terraform_data" "database" {
  input = {
    name     = "${var.service}-${var.stage}"
    size     = var.size
    replicas = var.replicas
    release  = var.release
  }
  triggers_replace = sha256(var.database_password)
}

output "result" {
  value = {
    database = terraform_data.database.output.name
    size     = terraform_data.database.output.size
    replicas = terraform_data.database.output.replicas
    release  = terraform_data.database.output.release
    # That there is a password, and no more.
    password = nonsensitive(length(var.database_password)) > 0 ? "set" : "missing"
  }
}
