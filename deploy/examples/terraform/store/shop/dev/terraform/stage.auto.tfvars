# Stage dev: small and cheap.
replicas = 1
size     = "small"
