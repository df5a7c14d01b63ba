output "arn" {
  description = "ARN of the queue."
  value       = aws_sqs_queue.this.arn
}

output "name" {
  description = "Name of the queue."
  value       = aws_sqs_queue.this.name
}

output "dead_name" {
  description = "Name of the queue of dead letters."
  value       = aws_sqs_queue.dead.name
}

output "urls" {
  description = "Addresses of the queue and of its dead letters."
  value       = { queue = aws_sqs_queue.this.url, dead = aws_sqs_queue.dead.url }
}
