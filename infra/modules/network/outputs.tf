output "endpoints_group_id" {
  description = "Security group of the interface endpoints."
  value       = aws_security_group.endpoints.id
}
