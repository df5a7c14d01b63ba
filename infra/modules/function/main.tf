data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  ec2     = "arn:${data.aws_partition.current.partition}:ec2:${data.aws_region.current.region}:${local.account}"
  own_arn = "arn:${data.aws_partition.current.partition}:lambda:${data.aws_region.current.region}:${local.account}:function:${var.prefix}-${var.name}"
  package = "${var.packages}/${var.name}.zip"
  subnets = var.network == null ? [] : [for subnet in var.network.subnet_ids : "${local.ec2}:subnet/${subnet}"]
  groups  = var.network == null ? [] : [for group in var.network.group_ids : "${local.ec2}:security-group/${group}"]

  base = [
    {
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.this.arn}:*"
    },
  ]
  # Lambda's service places a function in the VPC with these.
  placement = [
    {
      Effect   = "Allow"
      Action   = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
      Resource = "*"
    },
    {
      Effect   = "Allow"
      Action   = "ec2:CreateNetworkInterface"
      Resource = concat(["${local.ec2}:network-interface/*"], local.subnets, local.groups)
    },
    {
      # Lambda asks before it makes an interface: a condition on one that is not there yet refuses the function.
      Effect   = "Allow"
      Action   = ["ec2:AssignPrivateIpAddresses", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses"]
      Resource = "${local.ec2}:network-interface/*"
    },
    {
      # Lambda's service, not the code.
      Effect    = "Deny"
      Action    = "ec2:*"
      Resource  = "*"
      Condition = { ArnEquals = { "lambda:SourceFunctionArn" = local.own_arn } }
    },
  ]
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.prefix}-${var.name}"
  retention_in_days = var.log_days
  kms_key_id        = var.key_arn
}

resource "aws_iam_role" "this" {
  name = "${var.prefix}-${var.name}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "calls"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      jsondecode(var.statements),
      local.base,
      [for statement in local.placement : statement if var.network != null],
    )
  })
}

resource "aws_lambda_function" "this" {
  function_name = "${var.prefix}-${var.name}"
  description   = var.description
  role          = aws_iam_role.this.arn

  filename         = local.package
  source_code_hash = filebase64sha256(local.package)
  handler          = "index.handler"
  runtime          = "nodejs22.x"
  architectures    = [var.architecture]

  memory_size                    = var.size.memory_mib
  timeout                        = var.size.timeout_seconds
  reserved_concurrent_executions = var.size.at_once
  kms_key_arn                    = var.key_arn

  ephemeral_storage {
    size = var.size.scratch_mib
  }

  environment {
    variables = var.environment
  }

  # The functions write JSON lines themselves.
  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  dynamic "vpc_config" {
    for_each = var.network == null ? [] : [var.network]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.group_ids
    }
  }

  depends_on = [aws_iam_role_policy.this]
}

# Schedules say when the next call is; a repetition of a failed one would stand in its way.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 3600

  dynamic "destination_config" {
    for_each = var.failures_arn == null ? [] : [var.failures_arn]

    content {
      on_failure {
        destination = destination_config.value
      }
    }
  }
}
