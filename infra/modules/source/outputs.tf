output "instance_arn" {
  description = "ARN of the replication instance."
  value       = aws_dms_replication_instance.this.replication_instance_arn
}

output "instance_id" {
  description = "Name of the replication instance."
  value       = aws_dms_replication_instance.this.replication_instance_id
}

output "tasks" {
  description = "ARNs of the tasks."
  value = {
    cdc  = aws_dms_replication_task.cdc.replication_task_arn
    load = aws_dms_replication_task.load.replication_task_arn
  }
}

output "endpoints" {
  description = "ARNs of the endpoints."
  value = {
    source = aws_dms_endpoint.source.endpoint_arn
    stream = aws_dms_endpoint.stream.endpoint_arn
    loads  = aws_dms_s3_endpoint.loads.endpoint_arn
  }
}

output "operator_role_arn" {
  description = "Role that the function `loads` takes."
  value       = aws_iam_role.operator.arn
}

output "log_group" {
  description = "Log group of the tasks."
  value       = aws_cloudwatch_log_group.tasks.name
}
