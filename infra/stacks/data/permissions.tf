locals {
  at   = "${var.region}:${var.account_id}"
  lake = module.lake.arn

  to_raw        = [{ Effect = "Allow", Action = "dynamodb:BatchWriteItem", Resource = module.raw.arn }]
  to_ledger     = [{ Effect = "Allow", Action = "dynamodb:BatchWriteItem", Resource = module.ledger.arn }]
  to_quarantine = [{ Effect = "Allow", Action = ["dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"], Resource = module.quarantine.arn }]
  read_mask     = [{ Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = aws_secretsmanager_secret.mask.arn }]

  # Without a prefix: where the list may not be asked for, S3 calls a missing object forbidden, and "not there" is an answer.
  list_lake = [{ Effect = "Allow", Action = "s3:ListBucket", Resource = local.lake }]

  read_stream = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
  read_glue   = ["glue:GetPartitions", "glue:GetTable", "glue:GetTables"]
  glue = concat(["${local.arn}:glue:${local.at}:catalog"], flatten([
    for database in values(module.catalog.databases) : [
      "${local.arn}:glue:${local.at}:database/${database}",
      "${local.arn}:glue:${local.at}:table/${database}/*",
    ]
  ]))

  # The stack's key, only by the services that keep what it encrypts.
  use_key = {
    for name, services in {
      capture         = ["dynamodb", "s3"]
      capture-service = ["dynamodb", "s3"]
      format          = ["dynamodb", "s3", "secretsmanager"]
      land            = ["dynamodb", "s3", "sqs"]
      land-load       = ["dynamodb", "s3", "secretsmanager", "sqs"]
      loads           = ["dynamodb", "s3"]
      compact         = ["dynamodb", "s3"]
      reconcile       = ["dynamodb", "s3", "secretsmanager"]
      audit           = ["dynamodb", "s3"]
      } : name => [{
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = module.key.arn
        Condition = { StringEquals = { "kms:ViaService" = [for service in services : "${service}.${var.region}.amazonaws.com"] } }
    }]
  }
  # Keys of others, only to read with.
  read_with = {
    for name, use in {
      stream  = { keys = [local.source.shared_key_arn], service = "kinesis" }
      loads   = { keys = [local.source.shared_key_arn], service = "s3" }
      source  = { keys = compact([var.source_secret.key_arn]), service = "secretsmanager" }
      service = { keys = var.service_streams.key_arns, service = "dynamodb" }
      } : name => [for key in use.keys : {
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = key
        Condition = { StringEquals = { "kms:ViaService" = "${use.service}.${var.region}.amazonaws.com" } }
    }]
  }

  # Batches and calls that were given up, with their content. Lambda lists the bucket, and writes below a name of its own.
  give_up = [
    { Effect = "Allow", Action = "s3:PutObject", Resource = "${module.failures.arn}/aws/lambda/*" },
    { Effect = "Allow", Action = "s3:ListBucket", Resource = module.failures.arn },
  ]

  read_queue = {
    for name, queue in { land = module.land_queue.arn, land-load = module.land_load_queue.arn } : name => [
      { Effect = "Allow", Action = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], Resource = queue },
    ]
  }

  # By what the code of each calls, and nothing more.
  permissions = {
    capture = jsonencode(concat(local.to_raw, local.to_quarantine, local.use_key["capture"], local.read_with["stream"], local.give_up, [
      {
        Effect   = "Allow"
        Action   = ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
        Resource = local.source.stream_arn
      },
    ]))

    capture-service = jsonencode(concat(local.to_raw, local.to_quarantine, local.use_key["capture-service"], local.read_with["service"], local.give_up, [
      { Effect = "Allow", Action = local.read_stream, Resource = values(var.service_streams.streams) },
    ]))

    format = jsonencode(concat(local.to_quarantine, local.to_ledger, local.read_mask, local.use_key["format"], local.give_up, [
      { Effect = "Allow", Action = local.read_stream, Resource = module.raw.stream_arn },
      # Pages that are asked for again, and the parts of large ones, which are queried.
      { Effect = "Allow", Action = ["dynamodb:GetItem", "dynamodb:Query"], Resource = module.raw.arn },
      { Effect = "Allow", Action = "firehose:PutRecordBatch", Resource = module.delivery.arn },
      # Changes that wait, when an operator has them formatted again.
      { Effect = "Allow", Action = ["dynamodb:Query", "dynamodb:UpdateItem"], Resource = module.quarantine.arn },
    ]))

    land = jsonencode(concat(local.to_quarantine, local.to_ledger, local.list_lake, local.use_key["land"], local.read_queue["land"], [
      { Effect = "Allow", Action = "s3:GetObject", Resource = ["${local.lake}/landing/changes/*", "${local.lake}/catalog/*"] },
      { Effect = "Allow", Action = ["s3:AbortMultipartUpload", "s3:PutObject"], Resource = ["${local.lake}/lake/*", "${local.lake}/landing/rejected/*"] },
      { Effect = "Allow", Action = concat(local.read_glue, ["glue:BatchCreatePartition", "glue:UpdateTable"]), Resource = local.glue },
    ]))

    land-load = jsonencode(concat(local.to_quarantine, local.to_ledger, local.list_lake, local.read_mask, local.use_key["land-load"], local.read_with["loads"], local.read_queue["land-load"], [
      { Effect = "Allow", Action = "s3:GetObject", Resource = ["${local.lake}/landing/loads/*", "${local.lake}/catalog/*", "${local.lake}/state/loads/*", "${local.lake}/state/replays/*"] },
      # Of a replay: the pages, its files read back, the lease.
      { Effect = "Allow", Action = "dynamodb:Query", Resource = module.raw.arn },
      { Effect = "Allow", Action = "s3:GetObject", Resource = "${local.lake}/lake/*" },
      { Effect = "Allow", Action = ["dynamodb:DeleteItem", "dynamodb:PutItem"], Resource = module.ledger.arn },
      { Effect = "Allow", Action = ["s3:AbortMultipartUpload", "s3:PutObject"], Resource = ["${local.lake}/lake/*", "${local.lake}/landing/rejected/*", "${local.lake}/state/load-files/*", "${local.lake}/state/replays/*"] },
      { Effect = "Allow", Action = "s3:DeleteObject", Resource = ["${local.lake}/lake/*", "${local.lake}/landing/loads/*"] },
      { Effect = "Allow", Action = concat(local.read_glue, ["glue:BatchCreatePartition", "glue:UpdateTable"]), Resource = local.glue },
    ]))

    loads = jsonencode(concat(local.list_lake, local.use_key["loads"], local.give_up, [
      { Effect = "Allow", Action = "s3:GetObject", Resource = ["${local.lake}/catalog/*", "${local.lake}/state/load-files/*", "${local.lake}/state/loads/*"] },
      { Effect = "Allow", Action = ["s3:AbortMultipartUpload", "s3:PutObject"], Resource = "${local.lake}/state/loads/*" },
      { Effect = "Allow", Action = "s3:DeleteObject", Resource = "${local.lake}/landing/loads/*" },
      { Effect = "Allow", Action = concat(local.read_glue, ["glue:UpdateTable"]), Resource = local.glue },
      { Effect = "Allow", Action = "dynamodb:Query", Resource = "${module.raw.arn}/index/heads" },
      { Effect = "Allow", Action = "sts:AssumeRole", Resource = local.source.source_role_arn },
    ]))

    compact = jsonencode(concat(local.list_lake, local.use_key["compact"], local.give_up, [
      # Of the catalog's objects those that say what a base is made of; old ones go.
      {
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        Resource = ["${local.lake}/lake/*", "${local.lake}/catalog/*"]
      },
      { Effect = "Allow", Action = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], Resource = "${local.lake}/state/compaction/*" },
      {
        Effect   = "Allow"
        Action   = concat(local.read_glue, ["glue:BatchCreatePartition", "glue:BatchDeletePartition", "glue:CreateTable", "glue:DeleteTable", "glue:UpdateTable"])
        Resource = local.glue
      },
      # The lease, and what was written down of the files.
      { Effect = "Allow", Action = ["dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem"], Resource = module.ledger.arn },
    ]))

    reconcile = jsonencode(concat(local.to_raw, local.to_quarantine, local.list_lake, local.read_mask, local.use_key["reconcile"], local.give_up, local.read_with["source"], [
      { Effect = "Allow", Action = "s3:GetObject", Resource = ["${local.lake}/lake/*", "${local.lake}/catalog/*", "${local.lake}/state/proofs.json"] },
      { Effect = "Allow", Action = ["s3:AbortMultipartUpload", "s3:PutObject"], Resource = "${local.lake}/state/proofs.json" },
      { Effect = "Allow", Action = local.read_glue, Resource = local.glue },
      { Effect = "Allow", Action = "dynamodb:Query", Resource = [module.quarantine.arn, "${module.raw.arn}/index/heads"] },
      { Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = var.source_secret.arn },
    ]))

    audit = jsonencode(concat(local.to_ledger, local.list_lake, local.use_key["audit"], local.give_up, [
      { Effect = "Allow", Action = "dynamodb:Query", Resource = ["${module.raw.arn}/index/heads", module.ledger.arn, module.quarantine.arn] },
      # The oldest refused change.
      { Effect = "Allow", Action = "dynamodb:GetItem", Resource = module.quarantine.arn },
    ]))
  }
}
