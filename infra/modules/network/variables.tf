variable "name" {
  description = "Before the names of groups and endpoints."
  type        = string
}

variable "vpc_id" {
  description = "Where the endpoints are made."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets, in two zones at least."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "Two subnets at least, in different zones."
  }
}

variable "route_table_ids" {
  description = "Route tables of those subnets, for gateway endpoints."
  type        = list(string)
}

variable "interface_services" {
  description = "Services with an interface endpoint, such as kinesis-streams; leave out those that the VPC has."
  type        = set(string)
}

variable "gateway_services" {
  description = "Services with a gateway endpoint: s3, dynamodb; leave out those that the VPC has."
  type        = set(string)

  validation {
    condition     = length(setsubtract(var.gateway_services, ["s3", "dynamodb"])) == 0
    error_message = "Only S3 and DynamoDB have gateway endpoints."
  }
}
