locals {
  # CloudWatch knows a task by the end of its ARN.
  cdc_task  = reverse(split(":", module.source.tasks.cdc))[0]
  of_source = { DBInstanceIdentifier = var.database.instance_id }
  of_dms    = { ReplicationInstanceIdentifier = module.source.instance_id }
  of_cdc    = merge(local.of_dms, { ReplicationTaskIdentifier = local.cdc_task })

  rule_alarms = merge(
    { for name, rule in { cdc-task = aws_cloudwatch_event_rule.cdc.name, dms-failures = aws_cloudwatch_event_rule.failures.name } : "${name}-unheard" => {
      means                        = "EventBridge could not tell the topic of notices what it has to say of DMS."
      runbook                      = "rule-unheard.md"
      namespace                    = "AWS/Events"
      metric                       = "FailedInvocations"
      dimensions                   = { RuleName = rule }
      statistic                    = "Sum"
      threshold                    = 0
    } },
  )
}

module "alarms" {
  source = "../../modules/alarms"

  prefix      = var.name
  topic_arn   = module.notices.topic_arn
  runbook_url = var.runbook_url

  alarms = merge(local.rule_alarms, {
    slot-lag = {
      means      = "A replication slot keeps the source's log: without a reader the source's disk fills."
      runbook    = "slot-lag.md"
      namespace  = "AWS/RDS"
      metric     = "OldestReplicationSlotLag"
      dimensions = local.of_source
      threshold  = var.limits.slot_bytes
    }
    slot-disk = {
      means      = "Log and spilled transactions of slots on the source's disk."
      runbook    = "slot-lag.md"
      namespace  = "AWS/RDS"
      metric     = "ReplicationSlotDiskUsage"
      dimensions = local.of_source
      threshold  = var.limits.slot_bytes
    }
    log-disk = {
      means      = "Transaction log on the source's disk, kept for a slot most likely."
      runbook    = "slot-lag.md"
      namespace  = "AWS/RDS"
      metric     = "TransactionLogsDiskUsage"
      dimensions = local.of_source
      threshold  = var.limits.log_bytes
    }
    source-storage = {
      means      = "The source's disk is nearly full."
      runbook    = "source-storage.md"
      namespace  = "AWS/RDS"
      metric     = "FreeStorageSpace"
      dimensions = local.of_source
      statistic  = "Minimum"
      below      = true
      threshold  = var.limits.free_bytes
    }
    # A task that does not run says nothing: when it should, that is an alarm.
    cdc-latency-source = {
      means      = "DMS is behind the source's log, or the task does not run."
      runbook    = "cdc-latency.md#source"
      namespace  = "AWS/DMS"
      metric     = "CDCLatencySource"
      dimensions = local.of_cdc
      threshold  = var.limits.latency_seconds
      periods    = 3
      missing    = var.cdc.run ? "breaching" : "notBreaching"
    }
    cdc-latency-target = {
      means      = "Changes wait in DMS: the stream takes them too slowly, or refuses them."
      runbook    = "cdc-latency.md#target"
      namespace  = "AWS/DMS"
      metric     = "CDCLatencyTarget"
      dimensions = local.of_cdc
      threshold  = var.limits.latency_seconds
      periods    = 3
      missing    = var.cdc.run ? "breaching" : "notBreaching"
    }
    dms-storage = {
      means      = "The disk of the replication instance is nearly full: transactions or logs pile up."
      runbook    = "replication-instance.md#disk"
      namespace  = "AWS/DMS"
      metric     = "FreeStorageSpace"
      dimensions = local.of_dms
      statistic  = "Minimum"
      below      = true
      threshold  = var.limits.instance_gb_free * 1073741824
    }
    dms-memory = {
      means      = "The replication instance swaps."
      runbook    = "replication-instance.md#memory"
      namespace  = "AWS/DMS"
      metric     = "SwapUsage"
      dimensions = local.of_dms
      threshold  = 1073741824
      periods    = 3
    }
    table-error = {
      means     = "DMS has suspended a table or given one up: nothing of it arrives."
      runbook   = "dms-errors.md"
      namespace = "Tidemark/DMS"
      metric    = "TablesInError"
      statistic = "Sum"
      threshold = 0
    }
    task-error = {
      means     = "A task of DMS has logged an error."
      runbook   = "dms-errors.md"
      namespace = "Tidemark/DMS"
      metric    = "Errors"
      statistic = "Sum"
      threshold = 0
    }
    stream-throttled = {
      means      = "The stream refuses records: DMS waits."
      runbook    = "stream-throttled.md"
      namespace  = "AWS/Kinesis"
      metric     = "WriteProvisionedThroughputExceeded"
      dimensions = { StreamName = module.stream.name }
      statistic  = "Sum"
      threshold  = 0
      periods    = 3
    }
    stream-iterator-age = {
      means      = "A reader of the stream is behind; what it has not read is gone after the retention."
      runbook    = "iterator-age.md"
      namespace  = "AWS/Kinesis"
      metric     = "GetRecords.IteratorAgeMilliseconds"
      dimensions = { StreamName = module.stream.name }
      threshold  = var.limits.iterator_age_mins * 60000
      periods    = 3
    }
  })
}

# Lines of DMS end a level with a letter: E is an error.
resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "${var.name}-dms-errors"
  log_group_name = module.source.log_group
  pattern        = "\"]E:\""

  metric_transformation {
    namespace     = "Tidemark/DMS"
    name          = "Errors"
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_log_metric_filter" "tables" {
  name           = "${var.name}-dms-tables"
  log_group_name = module.source.log_group
  pattern        = "\"errored/suspended\""

  metric_transformation {
    namespace     = "Tidemark/DMS"
    name          = "TablesInError"
    value         = "1"
    default_value = "0"
  }
}

# Every state of the cdc task is news. Of loads, which come and go, only failures are.
resource "aws_cloudwatch_event_rule" "cdc" {
  name        = "${var.name}-cdc-task"
  description = "The CDC task was started, has stopped or failed"

  event_pattern = jsonencode({
    source      = ["aws.dms"]
    detail-type = ["DMS Replication Task State Change"]
    resources   = [module.source.tasks.cdc]
  })
}

resource "aws_cloudwatch_event_rule" "failures" {
  name        = "${var.name}-dms-failures"
  description = "The load task or the replication instance failed"

  event_pattern = jsonencode({
    source    = ["aws.dms"]
    resources = [module.source.tasks.load, module.source.instance_arn]
    detail    = { category = ["Failure"] }
  })
}

resource "aws_cloudwatch_event_target" "notices" {
  for_each = {
    cdc      = aws_cloudwatch_event_rule.cdc.name
    failures = aws_cloudwatch_event_rule.failures.name
  }

  rule = each.value
  arn  = module.notices.topic_arn

  # Words that hold no quotes: a message that breaks the template would not be sent.
  input_transformer {
    input_paths    = { event = "$.detail.eventType", task = "$.resources[0]", time = "$.time" }
    input_template = "\"DMS: <event> at <time>, <task>. Runbook: ${var.runbook_url}/cdc-task.md\""
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 60
  }
}
