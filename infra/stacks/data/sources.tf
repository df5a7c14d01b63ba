# What a function cannot do goes, with its content, to the bucket of failures. Retries end: or one record would hold a
# shard up until the stream forgets it.
locals {
  attempts = 20
}

resource "aws_lambda_event_source_mapping" "capture" {
  event_source_arn  = local.source.stream_arn
  function_name     = module.functions["capture"].arn
  starting_position = "TRIM_HORIZON"

  # A page is made for each table of a batch: docs/18 says what a shorter window costs. A full batch does not wait.
  batch_size                         = 5000
  maximum_batching_window_in_seconds = var.gather_seconds.capture
  function_response_types            = ["ReportBatchItemFailures"]
  bisect_batch_on_function_error     = true
  maximum_retry_attempts             = local.attempts
  maximum_record_age_in_seconds      = 345600

  destination_config {
    on_failure {
      destination_arn = module.failures.arn
    }
  }

  metrics_config {
    metrics = ["EventCount"]
  }
}

resource "aws_lambda_event_source_mapping" "service" {
  for_each = var.service_streams.streams

  event_source_arn  = each.value
  function_name     = module.functions["capture-service"].arn
  starting_position = "TRIM_HORIZON"

  batch_size                         = 1000
  maximum_batching_window_in_seconds = 2
  function_response_types            = ["ReportBatchItemFailures"]
  bisect_batch_on_function_error     = true
  maximum_retry_attempts             = local.attempts
  maximum_record_age_in_seconds      = 72000

  destination_config {
    on_failure {
      destination_arn = module.failures.arn
    }
  }

  metrics_config {
    metrics = ["EventCount"]
  }
}

resource "aws_lambda_event_source_mapping" "format" {
  event_source_arn  = module.raw.stream_arn
  function_name     = module.functions["format"].arn
  starting_position = "TRIM_HORIZON"

  batch_size                         = 100
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"]
  bisect_batch_on_function_error     = true
  maximum_retry_attempts             = local.attempts
  # The stream itself forgets after 24 hours.
  maximum_record_age_in_seconds = 72000

  # Heads of pages: parts of large ones have no digest, and what TTL removes is REMOVE.
  filter_criteria {
    filter {
      pattern = jsonencode({
        eventName = ["INSERT", "MODIFY"]
        dynamodb  = { NewImage = { digest = { S = [{ exists = true }] } } }
      })
    }
  }

  destination_config {
    on_failure {
      destination_arn = module.failures.arn
    }
  }

  metrics_config {
    metrics = ["EventCount"]
  }
}

resource "aws_lambda_event_source_mapping" "land" {
  event_source_arn        = module.land_queue.arn
  function_name           = module.functions["land"].arn
  batch_size              = 5
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = 10
  }
}

# One file at a time: its copy and what is made of it fill the scratch.
resource "aws_lambda_event_source_mapping" "land_load" {
  event_source_arn        = module.land_load_queue.arn
  function_name           = module.functions["land-load"].arn
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = 8
  }
}
