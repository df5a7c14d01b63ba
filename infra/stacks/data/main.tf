data "aws_partition" "current" {}

locals {
  arn       = "arn:${data.aws_partition.current.partition}"
  generated = coalesce(var.generated, "${path.module}/../../generated")
  packages  = coalesce(var.packages.folder, "${path.module}/../../../dist/handlers")

  contracts = jsondecode(file("${local.generated}/contracts.json"))
  systems   = sort(keys(local.contracts.sources))
  source    = jsondecode(file(var.source_file)).tidemark_source.value

  # A DynamoDB table by its stream: arn:aws:dynamodb:<region>:<account>:table/<name>/stream/<label>
  service_tables = { for table, arn in var.service_streams.streams : split("/", arn)[1] => table }
}

module "key" {
  source = "../../modules/key"

  name        = var.name
  description = "Tidemark: raw store, quarantine, ledger, lake, queues, logs"
  services    = ["s3.amazonaws.com", "cloudwatch.amazonaws.com", "budgets.amazonaws.com", "sns.amazonaws.com"]
}

module "notices" {
  source = "../../modules/notices"

  name           = "${var.name}-data"
  key_arn        = module.key.arn
  emails         = var.notices.emails
  monthly_budget = var.notices.monthly_budget
  budget_tag     = format("user:stack$%s", var.name)
}

module "network" {
  source = "../../modules/network"

  name               = "${var.name}-data"
  vpc_id             = var.network.vpc_id
  subnet_ids         = var.network.subnet_ids
  route_table_ids    = var.network.route_table_ids
  interface_services = var.endpoint_services.interface
  gateway_services   = var.endpoint_services.gateway
}

resource "aws_security_group" "reconcile" {
  name        = "${var.name}-reconcile"
  description = "The function that compares lake and source; nobody connects to it."
  vpc_id      = var.network.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "source" {
  for_each = toset(var.network.source_cidrs)

  security_group_id = aws_security_group.reconcile.id
  description       = "PostgreSQL of the source"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = var.network.source_port
  to_port           = var.network.source_port
}

resource "aws_vpc_security_group_egress_rule" "services" {
  security_group_id = aws_security_group.reconcile.id
  description       = "AWS by its endpoints; S3 and DynamoDB by addresses of their own"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# Its value is put by hand, once: what Terraform makes is in its state.
resource "aws_secretsmanager_secret" "mask" {
  name                    = "${var.name}/mask-key"
  description             = "Key that personal data is hashed with. Another key is another hash of every person: never rotate it."
  kms_key_id              = module.key.arn
  recovery_window_in_days = 30

  lifecycle {
    prevent_destroy = true
  }
}

module "catalog" {
  source = "../../modules/catalog"

  name             = var.name
  prefix           = var.catalog.prefix
  databases        = toset(local.contracts.databases)
  results          = { bucket = module.results.name, owner = var.account_id }
  key_arn          = module.key.arn
  scan_limit_bytes = var.catalog.scan_limit_bytes
}

module "delivery" {
  source = "../../modules/delivery"

  name       = "${var.name}-blocks"
  key_arn    = module.key.arn
  bucket_arn = module.lake.arn
  buffer     = { seconds = var.gather_seconds.delivery }
}
