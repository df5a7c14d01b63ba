locals {
  # Only DMS for resources of this account.
  trust = {
    for service in ["dms.amazonaws.com", "dms.${local.region}.amazonaws.com"] : service => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Service = service }
        Action    = "sts:AssumeRole"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      }]
    })
  }
  trust_dms      = local.trust["dms.amazonaws.com"]
  trust_regional = local.trust["dms.${local.region}.amazonaws.com"]
  managed        = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role"
}

# DMS looks for these two by name, one of each in an account.
resource "aws_iam_role" "vpc" {
  count = var.account_roles ? 1 : 0

  name = "dms-vpc-role"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "dms.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy_attachment" "vpc" {
  count = var.account_roles ? 1 : 0

  role       = aws_iam_role.vpc[0].name
  policy_arn = "${local.managed}/AmazonDMSVPCManagementRole"
}

resource "aws_iam_role" "logs" {
  count = var.account_roles ? 1 : 0

  name = "dms-cloudwatch-logs-role"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "dms.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy_attachment" "logs" {
  count = var.account_roles ? 1 : 0

  role       = aws_iam_role.logs[0].name
  policy_arn = "${local.managed}/AmazonDMSCloudWatchLogsRole"
}

resource "aws_iam_role" "secret" {
  name               = "${var.name}-dms-secret"
  assume_role_policy = local.trust_regional
}

resource "aws_iam_role_policy" "secret" {
  name = "read-the-source-secret"
  role = aws_iam_role.secret.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Effect   = "Allow"
        Action   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
        Resource = var.database.secret_arn
      }],
      [for arn in compact([var.database.secret_key_arn]) : {
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = arn
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${local.region}.amazonaws.com" } }
      }],
    )
  })
}

resource "aws_iam_role" "stream" {
  name               = "${var.name}-dms-stream"
  assume_role_policy = local.trust_dms
}

resource "aws_iam_role_policy" "stream" {
  name = "write-the-stream"
  role = aws_iam_role.stream.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["kinesis:DescribeStream", "kinesis:PutRecord", "kinesis:PutRecords"]
        Resource = var.stream_arn
      },
      {
        Effect    = "Allow"
        Action    = "kms:GenerateDataKey"
        Resource  = var.loads.key_arn
        Condition = { StringEquals = { "kms:ViaService" = "kinesis.${local.region}.amazonaws.com" } }
      },
    ]
  })
}

resource "aws_iam_role" "loads" {
  name               = "${var.name}-dms-loads"
  assume_role_policy = local.trust_dms
}

resource "aws_iam_role_policy" "loads" {
  name = "write-files-of-loads"
  role = aws_iam_role.loads.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:PutObject", "s3:PutObjectTagging"]
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${var.loads.bucket}/landing/loads/*"
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${var.loads.bucket}"
      },
      {
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = var.loads.key_arn
        Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.amazonaws.com" } }
      },
    ]
  })
}

# What the function `loads` of the data account may do here: point the load task at tables and a folder, and run it.
resource "aws_iam_role" "operator" {
  name = "${var.name}-loads-operator"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = var.operator.account_root }
      Action    = "sts:AssumeRole"
      Condition = { ArnEquals = { "aws:PrincipalArn" = var.operator.role_arn } }
    }]
  })
}

resource "aws_iam_role_policy" "operator" {
  name = "run-loads"
  role = aws_iam_role.operator.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # DMS describes all or nothing.
        Effect   = "Allow"
        Action   = ["dms:DescribeConnections", "dms:DescribeEndpoints", "dms:DescribeReplicationTasks"]
        Resource = "*"
      },
      {
        # DMS starts no task whose endpoint it has not tested.
        Effect   = "Allow"
        Action   = "dms:TestConnection"
        Resource = [aws_dms_replication_instance.this.replication_instance_arn, aws_dms_s3_endpoint.loads.endpoint_arn]
      },
      {
        Effect = "Allow"
        Action = [
          "dms:DescribeTableStatistics",
          "dms:ModifyReplicationTask",
          "dms:StartReplicationTask",
          "dms:StopReplicationTask",
        ]
        Resource = aws_dms_replication_task.load.replication_task_arn
      },
      {
        Effect   = "Allow"
        Action   = "dms:ModifyEndpoint"
        Resource = aws_dms_s3_endpoint.loads.endpoint_arn
      },
      {
        # ModifyEndpoint checks that who calls may give the endpoint its role.
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = aws_iam_role.loads.arn
        Condition = { StringEquals = { "iam:PassedToService" = "dms.amazonaws.com" } }
      },
    ]
  })
}
