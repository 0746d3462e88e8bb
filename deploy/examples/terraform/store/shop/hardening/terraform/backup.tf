# Only stage hardening has backups: a whole file may belong to one stage.

resource "terraform_data" "backup" {
  input = "${terraform_data.database.output.name}-backup"
}
