output "dead_name" {
  description = "Queue of calls that could not be made."
  value       = aws_sqs_queue.dead.name
}
