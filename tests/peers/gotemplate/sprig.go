//go:build !external

package main

import "github.com/Masterminds/sprig/v3"

var functions = sprig.GenericFuncMap()
