data "aws_partition" "current" {}

locals {
  generated = coalesce(var.generated, "${path.module}/../../generated")
  iam       = "arn:${data.aws_partition.current.partition}:iam"
  data_root = "${local.iam}::${var.data_account.id}:root"
  # Roles of the data stack, by name: they are made after this stack.
  reader_role    = "${local.iam}::${var.data_account.id}:role/${var.name}-capture"
  loads_role     = "${local.iam}::${var.data_account.id}:role/${var.name}-loads"
  land_load_role = "${local.iam}::${var.data_account.id}:role/${var.name}-land-load"
}

# What stays in this account: disk and settings of DMS, logs, notices.
module "key" {
  source = "../../modules/key"

  name        = "${var.name}-source"
  description = "Tidemark: what DMS stores, logs, notices"
  services    = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com", "sns.amazonaws.com"]

  # For the topic. EventBridge does not say for whom it asks, so there is no condition to make.
  statements = jsonencode([{
    Sid       = "RulesOfEventBridge"
    Effect    = "Allow"
    Principal = { Service = "events.amazonaws.com" }
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = "*"
  }])
}

# What the data account reads: the stream and the files of loads (docs/adr/0032).
module "shared_key" {
  source = "../../modules/key"

  name        = "${var.name}-shared"
  description = "Tidemark: the stream of changes and the files of loads, read by the data account"

  statements = jsonencode([{
    Sid       = "DataAccountReads"
    Effect    = "Allow"
    Principal = { AWS = local.data_root }
    Action    = ["kms:Decrypt", "kms:DescribeKey"]
    Resource  = "*"
    Condition = {
      ArnEquals    = { "aws:PrincipalArn" = [local.reader_role, local.land_load_role] }
      StringEquals = { "kms:ViaService" = ["kinesis.${var.region}.amazonaws.com", "s3.${var.region}.amazonaws.com"] }
    }
  }])
}

module "network" {
  source = "../../modules/network"

  name               = var.name
  vpc_id             = var.network.vpc_id
  subnet_ids         = var.network.subnet_ids
  route_table_ids    = var.network.route_table_ids
  interface_services = var.endpoint_services.interface
  gateway_services   = var.endpoint_services.gateway
}

module "stream" {
  source = "../../modules/stream"

  name            = "${var.name}-changes"
  key_arn         = module.shared_key.arn
  retention_hours = var.limits.retention_hours
  reader_accounts = [local.data_root]
  reader_roles    = [local.reader_role]
}

module "source" {
  source = "../../modules/source"

  name          = var.name
  key_arn       = module.key.arn
  generated     = local.generated
  system        = var.system
  network       = var.network
  instance      = var.instance
  cdc           = var.cdc
  account_roles = var.account_roles
  stream_arn    = module.stream.arn

  database = {
    name             = var.database.name
    secret_arn       = var.database.secret_arn
    secret_key_arn   = var.database.secret_key_arn
    authorities_pem  = file(var.database.authorities_file)
    artifacts_schema = var.database.artifacts_schema
  }

  loads = {
    bucket  = var.data_account.bucket
    account = var.data_account.id
    key_arn = module.shared_key.arn
  }

  operator = {
    account_root = local.data_root
    role_arn     = local.loads_role
  }

  # DMS tests its way to them.
  depends_on = [module.network]
}

module "notices" {
  source = "../../modules/notices"

  name           = "${var.name}-source"
  key_arn        = module.key.arn
  rules          = true
  emails         = var.notices.emails
  monthly_budget = var.notices.monthly_budget
  budget_tag     = format("user:stack$%s", var.name)
}
