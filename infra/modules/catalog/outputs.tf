output "workgroup" {
  description = "Name of the workgroup."
  value       = aws_athena_workgroup.this.name
}

output "databases" {
  description = "Names of the databases by domain."
  value       = { for domain, database in aws_glue_catalog_database.domain : domain => database.name }
}
