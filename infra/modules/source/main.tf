data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.region
  # What Terraform compares with DMS's answers is one canonical text, whatever the layout of the files.
  cdc_mappings  = jsonencode(jsondecode(file("${var.generated}/mappings/${var.system}.cdc.json")))
  load_mappings = jsonencode(jsondecode(file("${var.generated}/mappings/${var.system}.load.json")))
  cdc_settings  = jsonencode(jsondecode(file("${var.generated}/cdc-task-settings.json")))
  load_settings = jsonencode(jsondecode(file("${var.generated}/load-task-settings.json")))
}

resource "aws_security_group" "instance" {
  name        = "${var.name}-dms"
  description = "The replication instance; nobody connects to it."
  vpc_id      = var.network.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "source" {
  security_group_id            = aws_security_group.instance.id
  description                  = "PostgreSQL of the source"
  referenced_security_group_id = var.network.source_group_id
  ip_protocol                  = "tcp"
  from_port                    = var.network.source_port
  to_port                      = var.network.source_port
}

resource "aws_vpc_security_group_egress_rule" "services" {
  security_group_id = aws_security_group.instance.id
  description       = "AWS by its endpoints; S3 by addresses of its own"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# The one rule that is added to the source's own group.
resource "aws_vpc_security_group_ingress_rule" "source" {
  security_group_id            = var.network.source_group_id
  description                  = "Tidemark's replication instance"
  referenced_security_group_id = aws_security_group.instance.id
  ip_protocol                  = "tcp"
  from_port                    = var.network.source_port
  to_port                      = var.network.source_port
}

resource "aws_dms_replication_subnet_group" "this" {
  replication_subnet_group_id          = var.name
  replication_subnet_group_description = "Private subnets of Tidemark's replication instance"
  subnet_ids                           = var.network.subnet_ids

  depends_on = [aws_iam_role_policy_attachment.vpc]
}

resource "aws_dms_replication_instance" "this" {
  replication_instance_id     = var.name
  replication_instance_class  = var.instance.class
  allocated_storage           = var.instance.storage_gb
  engine_version              = var.instance.engine_version
  multi_az                    = true
  publicly_accessible         = false
  kms_key_arn                 = var.key_arn
  replication_subnet_group_id = aws_dms_replication_subnet_group.this.replication_subnet_group_id
  vpc_security_group_ids      = [aws_security_group.instance.id]

  # A new version is a decision, that of `engine_version`, and waits for the window that is said here. To DMS 3.6 is major.
  auto_minor_version_upgrade   = false
  allow_major_version_upgrade  = true
  apply_immediately            = false
  preferred_maintenance_window = var.instance.maintenance_window

  depends_on = [aws_iam_role_policy_attachment.logs]
}

# DMS writes the logs of its tasks here, and would make the group with neither key nor end.
resource "aws_cloudwatch_log_group" "tasks" {
  name              = "dms-tasks-${var.name}"
  retention_in_days = 90
  kms_key_id        = var.key_arn
}

resource "aws_dms_replication_task" "cdc" {
  replication_task_id       = "${var.name}-cdc"
  migration_type            = "cdc"
  replication_instance_arn  = aws_dms_replication_instance.this.replication_instance_arn
  source_endpoint_arn       = aws_dms_endpoint.source.endpoint_arn
  target_endpoint_arn       = aws_dms_endpoint.stream.endpoint_arn
  table_mappings            = local.cdc_mappings
  replication_task_settings = local.cdc_settings
  cdc_start_position        = var.cdc.start_position
  start_replication_task    = var.cdc.run

  lifecycle {
    # DMS writes its checkpoint there; a start is only ever made once.
    ignore_changes = [cdc_start_position]
    # Another task would begin at the slot's first position, which the slot has left behind.
    prevent_destroy = true
  }
}

# The position that the task was made with. DMS takes another one only for another task, so a change of it must not pass unseen.
resource "terraform_data" "start" {
  input            = var.cdc.start_position
  triggers_replace = aws_dms_replication_task.cdc.replication_task_arn

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition     = !var.cdc.run || self.output == var.cdc.start_position
      error_message = "The CDC task was made with another start_position, or none, and would not begin at this one. Delete it (aws dms delete-replication-task) and apply again: Terraform makes it anew at this position. What to load then: docs/runbooks/lost-slot.md."
    }
  }
}

resource "aws_dms_replication_task" "load" {
  replication_task_id       = "${var.name}-load"
  migration_type            = "full-load"
  replication_instance_arn  = aws_dms_replication_instance.this.replication_instance_arn
  source_endpoint_arn       = aws_dms_endpoint.source.endpoint_arn
  target_endpoint_arn       = aws_dms_s3_endpoint.loads.endpoint_arn
  table_mappings            = local.load_mappings
  replication_task_settings = local.load_settings
  start_replication_task    = false

  lifecycle {
    # The function `loads` says which tables a load reads.
    ignore_changes = [table_mappings]
  }
}
