module "schedules" {
  source = "../../modules/schedules"

  name    = var.name
  key_arn = module.key.arn
  enabled = var.schedules.enabled

  schedules = merge(
    {
      loads = {
        description  = "Takes full loads a step further"
        function_arn = module.functions["loads"].arn
        expression   = "rate(1 minute)"
      }
      audit = {
        description    = "Looks for what has not arrived"
        function_arn   = module.functions["audit"].arn
        expression     = "rate(1 hour)"
        spread_minutes = 5
      }
      reconcile = {
        description  = "Proves every table"
        function_arn = module.functions["reconcile"].arn
        expression   = var.schedules.reconcile
      }
      reconcile-sample = {
        description    = "Proves a hundredth of the keys of every table"
        function_arn   = module.functions["reconcile"].arn
        expression     = var.schedules.sample
        input          = jsonencode({ sample = 1 })
        spread_minutes = 15
      }
    },
    {
      for table in local.contracts.tables : "compact-${replace(table, ".", "-")}" => {
        description    = "Folds the history of ${table} into its base"
        function_arn   = module.functions["compact"].arn
        expression     = var.schedules.compact
        input          = jsonencode({ table = table })
        spread_minutes = 30
      }
    },
  )
}
