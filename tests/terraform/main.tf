# Work that takes as long as the test wants, under a lock: it writes down when
# it begins and ends, and ends when the file `go` exists.
terraform {
  backend "http" {}
}

variable "who" {
  type = string
}

variable "folder" {
  type = string
}

resource "terraform_data" "work" {
  triggers_replace = var.who

  provisioner "local-exec" {
    environment = {
      who    = var.who
      folder = var.folder
    }
    command = <<-END
      echo "$who begins" >>"$folder/journal"
      tries=0
      until [ -e "$folder/go" ] || [ $tries -gt 3000 ]; do
        tries=$((tries + 1))
        sleep 0.02
      done
      echo "$who ends" >>"$folder/journal"
    END
  }
}
