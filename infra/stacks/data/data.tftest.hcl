# Made up already in a plan: nothing is applied, for what must not be destroyed could not be taken down again.
mock_provider "aws" {
  override_during = plan

  override_data {
    target = data.aws_partition.current
    values = { partition = "aws" }
  }
}

variables {
  region        = "eu-west-1"
  account_id    = "222222222222"
  bucket        = "example-lake"
  source_file   = "./tests/source.json"
  source_secret = { arn = "arn:aws:secretsmanager:eu-west-1:222222222222:secret:tidemark/source-AbCdEf" }
  packages      = { folder = "./tests/packages" }
  notices       = { emails = ["on-call@example.com"], monthly_budget = 400 }

  network = {
    vpc_id          = "vpc-2"
    subnet_ids      = ["subnet-3", "subnet-4"]
    route_table_ids = ["rtb-2"]
    source_cidrs    = ["10.1.0.0/16"]
  }
}

run "the_stack_plans" {
  command = plan

  assert {
    condition     = output.tidemark_data.bucket == "example-lake" && output.tidemark_data.functions.land_load == "tidemark-land-load"
    error_message = "the stack names bucket and functions"
  }

  assert {
    condition     = !contains(keys(output.tidemark_data.functions), "capture_service")
    error_message = "without a stream of a microservice nothing reads one"
  }
}

run "a_microservice_is_captured" {
  command = plan

  variables {
    service_streams = { streams = { "availability.wishes" = "arn:aws:dynamodb:eu-west-1:333333333333:table/wishes-prod/stream/2026-01-01T00:00:00.000" } }
  }

  assert {
    condition     = jsondecode(local.environments["capture-service"].TIDEMARK_SERVICE_TABLES)["wishes-prod"] == "availability.wishes"
    error_message = "a table has the name that its service gives it"
  }

  assert {
    condition     = aws_lambda_event_source_mapping.service["availability.wishes"].starting_position == "TRIM_HORIZON"
    error_message = "a stream is read from its begin"
  }
}

run "single_writers_are_single" {
  command = plan

  assert {
    condition     = alltrue([for name in ["loads", "compact", "reconcile", "audit"] : local.functions[name].at_once == 1])
    error_message = "one call of them runs at a time"
  }
}

run "a_stream_is_one_of_dynamodb" {
  command = plan

  variables {
    service_streams = { streams = { "availability.wishes" = "arn:aws:kinesis:eu-west-1:333333333333:stream/wishes" } }
  }

  expect_failures = [var.service_streams]
}

run "the_source_is_not_everybody" {
  command = plan

  variables {
    network = {
      vpc_id          = "vpc-2"
      subnet_ids      = ["subnet-3", "subnet-4"]
      route_table_ids = ["rtb-2"]
      source_cidrs    = ["0.0.0.0/0"]
    }
  }

  expect_failures = [var.network]
}

run "names_of_schedules_fit" {
  command = plan

  module {
    source = "../../modules/schedules"
  }

  variables {
    name    = "twenty-four-characters-x"
    key_arn = "arn:aws:kms:eu-west-1:222222222222:key/6f1d2c3b-4a59-4687-9e0f-112233445566"
    schedules = {
      for table in ["employment_contracts_of_season", "employment_contracts_of_seasons"] : "compact-workforce-${table}" => {
        description  = "Folds"
        function_arn = "arn:aws:lambda:eu-west-1:222222222222:function:compact"
        expression   = "rate(1 hour)"
      }
    }
  }

  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.this : length(schedule.name) <= 64])
    error_message = "a schedule has 64 characters at most"
  }

  assert {
    condition     = length(distinct([for schedule in aws_scheduler_schedule.this : schedule.name])) == 2
    error_message = "two tables have two names"
  }
}
