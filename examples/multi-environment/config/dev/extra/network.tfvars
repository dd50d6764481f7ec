# the network, dev
region = "eu-central-1"

vpn = {
  peer     = "192.0.2.10"
  password = "throw-away-dev-vpn"
}

database_password = "throw-away-dev-database"

tags = ["dev", "shop"]
