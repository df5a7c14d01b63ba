locals {
  graphs = [
    { title = "Changes captured, landed", stat = "Sum", metrics = [["Tidemark", "changes", "stage", "capture"], ["Tidemark", "changes", "stage", "land"]] },
    { title = "From commit until stored, until queryable, ms", stat = "p99", metrics = [["Tidemark", "freshness", "stage", "capture"], ["Tidemark", "freshness", "stage", "land"]] },
    { title = "In flight, missing", stat = "Maximum", metrics = [["Tidemark", "inFlight", "stage", "audit"], ["Tidemark", "missing", "stage", "audit"]] },
    { title = "Oldest refused change, seconds", stat = "Maximum", metrics = [["Tidemark", "quarantineAge", "stage", "audit"]] },
    { title = "Age of the oldest proof, seconds", stat = "Maximum", metrics = [["Tidemark", "proofAge", "stage", "reconcile"]] },
    { title = "Tables unequal, unproven", stat = "Maximum", metrics = [["Tidemark", "unequal", "stage", "reconcile"], ["Tidemark", "unproven", "stage", "reconcile"]] },
    { title = "How far readers are behind their streams, ms", stat = "Maximum", metrics = [for function in values(local.streamed) : ["AWS/Lambda", "IteratorAge", "FunctionName", function]] },
    { title = "Errors of functions", stat = "Sum", metrics = [for function in values(module.functions) : ["AWS/Lambda", "Errors", "FunctionName", function.name]] },
    { title = "Duration of functions, ms", stat = "p95", metrics = [for function in values(module.functions) : ["AWS/Lambda", "Duration", "FunctionName", function.name]] },
    { title = "Firehose: oldest block, seconds", stat = "Maximum", metrics = [["AWS/Firehose", "DeliveryToS3.DataFreshness", "DeliveryStreamName", module.delivery.name]] },
    { title = "Queues: waiting and dead", stat = "Maximum", metrics = [
      for queue in [module.land_queue.name, module.land_load_queue.name, module.land_queue.dead_name, module.land_load_queue.dead_name] :
      ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue]
    ] },
    { title = "Raw table: write units", stat = "Sum", metrics = [["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", module.raw.name]] },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = "${var.name}-data"

  dashboard_body = jsonencode({
    widgets = [
      for index, graph in local.graphs : {
        type       = "metric"
        x          = index % 2 * 12
        y          = floor(index / 2) * 6
        width      = 12
        height     = 6
        properties = { title = graph.title, region = var.region, stat = graph.stat, period = 300, metrics = graph.metrics }
      }
    ]
  })
}
