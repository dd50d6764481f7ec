//go:build tools

// Package etcd pins the server that runs below the API server in tests, with everything it is made of.
package etcd

import _ "go.etcd.io/etcd/server/v3"
