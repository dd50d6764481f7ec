# c
a = "b\n$${x}"
n = [1, -2.5e3, true, null, {p = "q"}] // d
block "x" {
  c_unencrypted = "e" /* f */
}
h = <<-EOT
  text
  EOT
