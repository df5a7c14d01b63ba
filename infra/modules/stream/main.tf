resource "aws_kinesis_stream" "this" {
  name             = var.name
  retention_period = var.retention_hours
  encryption_type  = "KMS"
  kms_key_id       = var.key_arn

  stream_mode_details {
    stream_mode = "ON_DEMAND"
  }

  # Another stream would not have what waits in this one.
  lifecycle {
    prevent_destroy = true
  }
}

# Reading by roles of other accounts: the account is the principal, so a role may be named before it exists.
resource "aws_kinesis_resource_policy" "readers" {
  resource_arn = aws_kinesis_stream.this.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Readers"
      Effect    = "Allow"
      Principal = { AWS = var.reader_accounts }
      Action = [
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
      ]
      Resource  = aws_kinesis_stream.this.arn
      Condition = { ArnEquals = { "aws:PrincipalArn" = var.reader_roles } }
    }]
  })
}
