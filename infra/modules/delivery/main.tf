data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/kinesisfirehose/${var.name}"
  retention_in_days = 90
  kms_key_id        = var.key_arn
}

resource "aws_cloudwatch_log_stream" "s3" {
  name           = "DestinationDelivery"
  log_group_name = aws_cloudwatch_log_group.this.name
}

resource "aws_iam_role" "this" {
  name = "${var.name}-firehose"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "firehose.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "deliver"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
        Resource = ["${var.bucket_arn}/landing/changes/*", "${var.bucket_arn}/failures/firehose/*"]
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
        Resource = var.bucket_arn
      },
      {
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = var.key_arn
        Condition = { StringEquals = { "kms:ViaService" = "s3.${data.aws_region.current.region}.amazonaws.com" } }
      },
      {
        Effect   = "Allow"
        Action   = "logs:PutLogEvents"
        Resource = "${aws_cloudwatch_log_group.this.arn}:log-stream:${aws_cloudwatch_log_stream.s3.name}"
      },
    ]
  })
}

# No format conversion and no dynamic partitioning: land writes the Parquet (docs/adr/0002).
resource "aws_kinesis_firehose_delivery_stream" "this" {
  name        = var.name
  destination = "extended_s3"

  server_side_encryption {
    enabled  = true
    key_type = "CUSTOMER_MANAGED_CMK"
    key_arn  = var.key_arn
  }

  extended_s3_configuration {
    role_arn           = aws_iam_role.this.arn
    bucket_arn         = var.bucket_arn
    kms_key_arn        = var.key_arn
    buffering_interval = var.buffer.seconds
    buffering_size     = var.buffer.mib
    compression_format = "GZIP"
    file_extension     = ".ndjson.gz"
    # Folders that the local mode has, too; what Firehose cannot deliver is beside them and not landed.
    prefix              = "landing/changes/!{timestamp:yyyy/MM/dd/HH}/"
    error_output_prefix = "failures/firehose/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/"

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.this.name
      log_stream_name = aws_cloudwatch_log_stream.s3.name
    }
  }

  depends_on = [aws_iam_role_policy.this]
}
