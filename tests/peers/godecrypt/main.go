// Command godecrypt opens SOPS files as programs do that have sops built in (its package decrypt):
//
//	godecrypt text FORMAT FILE       the clear text (decrypt.File)
//	godecrypt data FORMAT            the same for what comes on standard input (decrypt.Data)
//	godecrypt ref FORMAT FILE KEY…   one value, found as vals finds it: the clear text parsed, and one key after the other
//	godecrypt flat FORMAT FILE       every value as the Terraform provider names it, one a line: a.b.0 = "text"
//
// FORMAT is yaml, json, dotenv, ini, or binary; `-` goes by the file's name.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/getsops/sops/v3/decrypt"
	"go.yaml.in/yaml/v3"
)

func format(name, file string) string {
	if name != "-" {
		return name
	}
	switch filepath.Ext(file) {
	case ".yaml", ".yml":
		return "yaml"
	case ".json":
		return "json"
	case ".env":
		return "dotenv"
	case ".ini":
		return "ini"
	}
	return "binary"
}

func parse(text []byte, format string) (tree interface{}, err error) {
	if format == "json" {
		err = json.Unmarshal(text, &tree)
	} else {
		err = yaml.Unmarshal(text, &tree)
	}
	return
}

func step(tree interface{}, key string) (interface{}, bool) {
	switch tree := tree.(type) {
	case map[string]interface{}:
		value, ok := tree[key]
		return value, ok
	case []interface{}:
		if at, err := strconv.Atoi(key); err == nil && at >= 0 && at < len(tree) {
			return tree[at], true
		}
	}
	return nil, false
}

func flatten(into map[string]string, path []string, tree interface{}) {
	below := func(key string) []string { return append(append([]string{}, path...), key) }
	switch tree := tree.(type) {
	case map[string]interface{}:
		for key, value := range tree {
			flatten(into, below(key), value)
		}
	case []interface{}:
		for at, value := range tree {
			flatten(into, below(strconv.Itoa(at)), value)
		}
	case nil:
		into[strings.Join(path, ".")] = "null"
	default:
		into[strings.Join(path, ".")] = fmt.Sprint(tree)
	}
}

func run(arguments []string) error {
	if len(arguments) == 2 && arguments[0] == "data" {
		data, err := io.ReadAll(os.Stdin)
		if err != nil {
			return err
		}
		text, err := decrypt.Data(data, arguments[1])
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(text)
		return err
	}
	if len(arguments) < 3 {
		return fmt.Errorf("usage: godecrypt text|data|ref|flat FORMAT FILE [KEY]")
	}
	kind := format(arguments[1], arguments[2])
	text, err := decrypt.File(arguments[2], kind)
	if err != nil {
		return err
	}
	if arguments[0] == "text" {
		_, err = os.Stdout.Write(text)
		return err
	}
	tree, err := parse(text, kind)
	if err != nil {
		return err
	}
	if arguments[0] == "ref" {
		for _, key := range arguments[3:] {
			var ok bool
			if tree, ok = step(tree, key); !ok {
				return fmt.Errorf("no key %s", key)
			}
		}
		_, err = fmt.Print(tree)
		return err
	}
	flat := map[string]string{}
	flatten(flat, nil, tree)
	var lines []string
	for key, value := range flat {
		lines = append(lines, fmt.Sprintf("%s = %q", key, value))
	}
	sort.Strings(lines)
	fmt.Println(strings.Join(lines, "\n"))
	return nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
