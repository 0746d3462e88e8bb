# Stage hardening: as in production.
replicas = 3
size     = "large"
