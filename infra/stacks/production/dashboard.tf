locals {
  source_graphs = [
    { title = "Log kept by the oldest slot, bytes", metrics = [["AWS/RDS", "OldestReplicationSlotLag", "DBInstanceIdentifier", var.database.instance_id]] },
    { title = "Log and free disk of the source, bytes", metrics = [
      ["AWS/RDS", "TransactionLogsDiskUsage", "DBInstanceIdentifier", var.database.instance_id],
      ["AWS/RDS", "FreeStorageSpace", "DBInstanceIdentifier", var.database.instance_id],
    ] },
    { title = "CDC latency, seconds", metrics = [
      ["AWS/DMS", "CDCLatencySource", "ReplicationInstanceIdentifier", module.source.instance_id, "ReplicationTaskIdentifier", local.cdc_task],
      ["AWS/DMS", "CDCLatencyTarget", "ReplicationInstanceIdentifier", module.source.instance_id, "ReplicationTaskIdentifier", local.cdc_task],
    ] },
    { title = "Changes that DMS holds", metrics = [
      ["AWS/DMS", "CDCIncomingChanges", "ReplicationInstanceIdentifier", module.source.instance_id, "ReplicationTaskIdentifier", local.cdc_task],
      ["AWS/DMS", "CDCChangesDiskSource", "ReplicationInstanceIdentifier", module.source.instance_id, "ReplicationTaskIdentifier", local.cdc_task],
    ] },
    { title = "Stream: records and bytes in", metrics = [
      ["AWS/Kinesis", "IncomingRecords", "StreamName", module.stream.name],
      ["AWS/Kinesis", "IncomingBytes", "StreamName", module.stream.name, { yAxis = "right" }],
    ] },
    { title = "Stream: age of what is read, milliseconds", metrics = [["AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "StreamName", module.stream.name]] },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = "${var.name}-source"

  dashboard_body = jsonencode({
    widgets = [
      for index, graph in local.source_graphs : {
        type       = "metric"
        x          = index % 2 * 12
        y          = floor(index / 2) * 6
        width      = 12
        height     = 6
        properties = { title = graph.title, region = var.region, stat = "Maximum", period = 300, metrics = graph.metrics }
      }
    ]
  })
}
