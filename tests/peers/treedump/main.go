// Command treedump prints the tree that sops's own YAML reader builds from each file named on
// standard input, one item a line, so that another reader can be compared with it:
//
//	doc / end             a document begins / the stream ends
//	open KIND, close      a map or list begins, ends
//	key TEXT, leave       down into a map entry and up again
//	item, leave           down into a list item and up again
//	comment TEXT          a comment
//	TYPE TEXT             a scalar
//
// Texts are in hexadecimal. A file that the reader refuses gives one line: error.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"time"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/stores/yaml"
)

func value(out *bytes.Buffer, v interface{}) {
	switch v := v.(type) {
	case sops.TreeBranch:
		fmt.Fprintln(out, "open map")
		for _, item := range v {
			if c, ok := item.Key.(sops.Comment); ok {
				fmt.Fprintf(out, "comment %x\n", c.Value)
				continue
			}
			fmt.Fprintf(out, "key %x\n", fmt.Sprint(item.Key))
			value(out, item.Value)
			fmt.Fprintln(out, "leave")
		}
		fmt.Fprintln(out, "close")
	case []interface{}:
		fmt.Fprintln(out, "open list")
		for _, item := range v {
			if c, ok := item.(sops.Comment); ok {
				fmt.Fprintf(out, "comment %x\n", c.Value)
				continue
			}
			fmt.Fprintln(out, "item")
			value(out, item)
			fmt.Fprintln(out, "leave")
		}
		fmt.Fprintln(out, "close")
	case nil:
		fmt.Fprintln(out, "null")
	case time.Time:
		text, err := v.MarshalText()
		if err != nil {
			fmt.Fprintln(out, "time error")
			return
		}
		fmt.Fprintf(out, "time %x\n", text)
	default:
		b, err := sops.ToBytes(v)
		if err != nil {
			fmt.Fprintf(out, "unknown %T\n", v)
			return
		}
		name := map[string]string{"float64": "float", "string": "str"}[fmt.Sprintf("%T", v)]
		if name == "" {
			name = fmt.Sprintf("%T", v)
		}
		fmt.Fprintf(out, "%s %x\n", name, b)
	}
}

func dump(name string) (out bytes.Buffer) {
	defer func() {
		if recover() != nil {
			out.Reset()
			fmt.Fprintln(&out, "error")
		}
	}()
	data, err := os.ReadFile(name)
	if err != nil {
		fmt.Fprintln(&out, "error")
		return
	}
	branches, err := yaml.NewStore(&config.YAMLStoreConfig{}).LoadPlainFile(data)
	if err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		fmt.Fprintln(&out, "error")
		return
	}
	for _, branch := range branches {
		fmt.Fprintln(&out, "doc")
		value(&out, branch)
	}
	return
}

func main() {
	names := bufio.NewScanner(os.Stdin)
	for names.Scan() {
		out := dump(names.Text())
		os.Stdout.Write(out.Bytes())
		fmt.Println("end")
	}
}
