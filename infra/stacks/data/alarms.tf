locals {
  behind_ms = var.limits.behind_minutes * 60000
  by_clock  = ["audit", "compact", "loads", "reconcile"]

  # Functions that a shard or a queue waits for try again by themselves; those that a schedule calls do not.
  reading  = { for name, function in module.functions : name => function.name if !contains(local.by_clock, name) }
  called   = { for name, function in module.functions : name => function.name if contains(local.by_clock, name) }
  streamed = { for name, function in local.reading : name => function if !startswith(name, "land") }

  mappings = merge(
    { capture = aws_lambda_event_source_mapping.capture.uuid, format = aws_lambda_event_source_mapping.format.uuid },
    { for table, mapping in aws_lambda_event_source_mapping.service : "capture-${replace(table, ".", "-")}" => mapping.uuid },
  )

  function_alarms = merge(
    { for name, function in module.functions : "${name}-errors" => {
      means      = "The function ${name} has failed; one that reads a stream or a queue, again and again."
      runbook    = "function-errors.md"
      namespace  = "AWS/Lambda"
      metric     = "Errors"
      dimensions = { FunctionName = function.name }
      statistic  = "Sum"
      threshold  = 0
      periods    = contains(local.by_clock, name) ? 1 : 3
    } },
    { for name, function in local.reading : "${name}-throttled" => {
      means      = "Lambda does not start the function ${name}: the account's concurrency is used up."
      runbook    = "function-throttled.md"
      namespace  = "AWS/Lambda"
      metric     = "Throttles"
      dimensions = { FunctionName = function }
      statistic  = "Sum"
      threshold  = 0
      periods    = 3
    } },
    { for name, function in local.called : "${name}-dropped" => {
      means      = "Calls of the function ${name} waited for an hour and were dropped: an earlier one takes too long."
      runbook    = "schedule-dropped.md"
      namespace  = "AWS/Lambda"
      metric     = "AsyncEventsDropped"
      dimensions = { FunctionName = function }
      statistic  = "Sum"
      threshold  = 0
      periods    = 3
    } },
    { for name, function in local.streamed : "${name}-iterator-age" => {
      means      = "The function ${name} is behind its stream, which forgets: DynamoDB after 24 hours, Kinesis after its retention."
      runbook    = "iterator-age.md"
      namespace  = "AWS/Lambda"
      metric     = "IteratorAge"
      dimensions = { FunctionName = function }
      threshold  = local.behind_ms
      periods    = 3
    } },
    { for name, uuid in local.mappings : "${name}-given-up" => {
      means      = "Records were given up and lie, with their content, in the bucket of failures."
      runbook    = "given-up.md"
      namespace  = "AWS/Lambda"
      metric     = "OnFailureDestinationDeliveredEventCount"
      dimensions = { EventSourceMappingUUID = uuid }
      statistic  = "Sum"
      threshold  = 0
    } },
    { for name, uuid in local.mappings : "${name}-lost" => {
      means      = "Records were given up and could not be put into the bucket of failures."
      runbook    = "given-up.md#lost"
      namespace  = "AWS/Lambda"
      metric     = "DroppedEventCount"
      dimensions = { EventSourceMappingUUID = uuid }
      statistic  = "Sum"
      threshold  = 0
    } },
  )

  queue_alarms = merge(
    { for name, queue in { land = module.land_queue.dead_name, land-load = module.land_load_queue.dead_name, schedules = module.schedules.dead_name } : "${name}-dead-letters" => {
      means                     = "Messages have been given up: what they tell of has not landed, or was not called."
      runbook                   = "dead-letters.md"
      namespace                 = "AWS/SQS"
      metric                    = "ApproximateNumberOfMessagesVisible"
      dimensions                = { QueueName = queue }
      threshold                 = 0
    } },
    { for name, queue in { land = module.land_queue.name, land-load = module.land_load_queue.name } : "${name}-queue-age" => {
      means                     = "What was delivered waits to be landed."
      runbook                   = "queue-age.md"
      namespace                 = "AWS/SQS"
      metric                    = "ApproximateAgeOfOldestMessage"
      dimensions                = { QueueName = queue }
      threshold                 = local.behind_ms / 1000
      periods                   = 3
    } },
  )

  # Levels that the functions measure themselves, of all tables.
  measured = { for stage in ["audit", "compact", "land", "reconcile"] : stage => { namespace = "Tidemark", dimensions = { stage = stage } } }

  way_alarms = {
    commit-order = {
      means      = "Positions of changes contradict the times of their commits: an older value of a row may win."
      runbook    = "commit-order.md"
      namespace  = "Tidemark"
      metric     = "outOfOrder"
      dimensions = { stage = "capture" }
      statistic  = "Sum"
      threshold  = 0
    }
    raw-throttled = {
      means      = "DynamoDB refuses pages: capture waits."
      runbook    = "raw-throttled.md"
      namespace  = "AWS/DynamoDB"
      metric     = "WriteThrottleEvents"
      dimensions = { TableName = module.raw.name }
      statistic  = "Sum"
      threshold  = 0
      periods    = 3
    }
    firehose-freshness = {
      means      = "Firehose holds blocks back: the bucket, its key or its role refuse them. After 24 hours they are lost."
      runbook    = "firehose.md"
      namespace  = "AWS/Firehose"
      metric     = "DeliveryToS3.DataFreshness"
      dimensions = { DeliveryStreamName = module.delivery.name }
      threshold  = local.behind_ms / 1000
      periods    = 2
    }
    firehose-success = {
      means      = "Firehose fails to write to the bucket."
      runbook    = "firehose.md"
      namespace  = "AWS/Firehose"
      metric     = "DeliveryToS3.Success"
      dimensions = { DeliveryStreamName = module.delivery.name }
      statistic  = "Average"
      below      = true
      threshold  = 1
      periods    = 3
    }
    lake-freshness = merge(local.measured["land"], {
      means     = "Changes are late in the lake, from their commit on."
      runbook   = "lake-freshness.md"
      metric    = "freshness"
      statistic = "Average"
      threshold = local.behind_ms
      periods   = 3
    })
    quarantine-age = merge(local.measured["audit"], {
      means     = "A refused change has waited for longer than was agreed."
      runbook   = "quarantine-age.md"
      metric    = "quarantineAge"
      threshold = var.limits.quarantine_hours * 3600
      seconds   = 3600
    })
    ledger-missing = merge(local.measured["audit"], {
      means     = "Changes that were captured have not arrived and are not in quarantine."
      runbook   = "ledger.md#missing"
      metric    = "missing"
      threshold = 0
      seconds   = 3600
    })
    ledger-findings = merge(local.measured["audit"], {
      means     = "Pages, blocks, objects or files are not where they should be."
      runbook   = "ledger.md#findings"
      metric    = "findings"
      threshold = 0
      seconds   = 3600
    })
    # No audit and no proof is no good news.
    audit-silent = merge(local.measured["audit"], {
      means     = "Nobody has audited the ledger for hours."
      runbook   = "audit-silent.md"
      metric    = "findings"
      statistic = "SampleCount"
      below     = true
      threshold = 1
      seconds   = 3600
      periods   = 3
      missing   = var.schedules.enabled ? "breaching" : "notBreaching"
    })
    reconcile-unequal = merge(local.measured["reconcile"], {
      means     = "Lake and source differ, and not by what is in quarantine."
      runbook   = "reconcile-unequal.md"
      metric    = "unequal"
      threshold = 0
      seconds   = 3600
    })
    # At once: the proof of everything is made once a day, and samples between end well where it does not.
    reconcile-unproven = merge(local.measured["reconcile"], {
      means     = "Proofs of some tables are begun and not finished."
      runbook   = "proof-age.md"
      metric    = "unproven"
      threshold = 0
      seconds   = 3600
    })
    reconcile-proof-age = merge(local.measured["reconcile"], {
      means     = "A table was last proven too long ago, or nothing proves any more."
      runbook   = "proof-age.md"
      metric    = "proofAge"
      threshold = var.limits.proof_hours * 3600
      seconds   = 3600
      periods   = 3
      missing   = var.schedules.enabled ? "breaching" : "notBreaching"
    })
    compact-left = merge(local.measured["compact"], {
      means     = "Compaction does not keep up with the tables."
      runbook   = "compact-left.md"
      metric    = "left"
      threshold = 0
      seconds   = 3600
      periods   = 6
    })
  }
}

module "alarms" {
  source = "../../modules/alarms"

  prefix      = var.name
  topic_arn   = module.notices.topic_arn
  runbook_url = var.runbook_url
  alarms      = merge(local.function_alarms, local.queue_alarms, local.way_alarms)
}
