data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  # A name has 64 characters at most; a long one ends with what tells it from others that begin alike.
  whole_names = { for key in keys(var.schedules) : key => "${var.name}-${key}" }
  names       = { for key, name in local.whole_names : key => length(name) <= 64 ? name : "${substr(name, 0, 55)}-${substr(sha256(name), 0, 8)}" }
}

resource "aws_scheduler_schedule_group" "this" {
  name = var.name
}

resource "aws_sqs_queue" "dead" {
  name                      = "${var.name}-schedules-dead"
  message_retention_seconds = 14 * 86400
  kms_master_key_id         = var.key_arn
}

resource "aws_iam_role" "this" {
  name = "${var.name}-schedules"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnEquals    = { "aws:SourceArn" = aws_scheduler_schedule_group.this.arn }
        StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "call-functions"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = distinct([for schedule in var.schedules : schedule.function_arn])
      },
      {
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.dead.arn
      },
      {
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.key_arn
        Condition = {
          StringEquals = { "kms:ViaService" = [for service in ["scheduler", "sqs"] : "${service}.${data.aws_region.current.region}.amazonaws.com"] }
        }
      },
    ]
  })
}

resource "aws_scheduler_schedule" "this" {
  for_each = var.schedules

  name                         = local.names[each.key]
  group_name                   = aws_scheduler_schedule_group.this.name
  description                  = each.value.description
  schedule_expression          = each.value.expression
  schedule_expression_timezone = "UTC"
  kms_key_arn                  = var.key_arn
  state                        = var.enabled ? "ENABLED" : "DISABLED"

  # Spread over some minutes where many are due at once.
  flexible_time_window {
    mode                      = each.value.spread_minutes > 0 ? "FLEXIBLE" : "OFF"
    maximum_window_in_minutes = each.value.spread_minutes > 0 ? each.value.spread_minutes : null
  }

  target {
    arn      = each.value.function_arn
    role_arn = aws_iam_role.this.arn
    input    = each.value.input

    retry_policy {
      maximum_event_age_in_seconds = 600
      maximum_retry_attempts       = 3
    }

    dead_letter_config {
      arn = aws_sqs_queue.dead.arn
    }
  }

  depends_on = [aws_iam_role_policy.this]
}
