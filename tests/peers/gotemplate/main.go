// Command gotemplate renders templates with text/template of Go and sprig, one a line of standard input:
//
//	{"template": "{{ .a }}", "data": {"a": "text"}, "json": false, "missingkey": "default"}
//
// Data is a map[string]string in base64, or what the JSON says when "json" is true. Answers are lines, too:
//
//	{"out": "base64"} or {"error": "text"}
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"text/template"
	"time"

	"github.com/Masterminds/sprig/v3"
)

type question struct {
	Template   string
	Data       json.RawMessage
	JSON       bool
	MissingKey string
	Builtin    bool
}

type answer struct {
	Out   *string `json:"out,omitempty"`
	Error string  `json:"error,omitempty"`
}

func data(q question) (any, error) {
	if q.JSON {
		var value any
		return value, json.Unmarshal(q.Data, &value)
	}
	var encoded map[string][]byte
	err := json.Unmarshal(q.Data, &encoded)
	texts := map[string]string{}
	for key, value := range encoded {
		texts[key] = string(value)
	}
	return texts, err
}

func render(q question) (out string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	dot, err := data(q)
	if err != nil {
		return "", err
	}
	t := template.New("t").Option("missingkey=" + q.MissingKey)
	if !q.Builtin {
		t = t.Funcs(sprig.GenericFuncMap())
	}
	if t, err = t.Parse(q.Template); err != nil {
		return "", err
	}
	var buffer bytes.Buffer
	err = t.Execute(&buffer, dot)
	return buffer.String(), err
}

func main() {
	time.Local = time.UTC
	in, out := bufio.NewReader(os.Stdin), json.NewEncoder(os.Stdout)
	for decoder := json.NewDecoder(in); decoder.More(); {
		var q question
		if err := decoder.Decode(&q); err != nil {
			panic(err)
		}
		text, err := render(q)
		if err != nil {
			out.Encode(answer{Error: err.Error()})
			continue
		}
		encoded := base64.StdEncoding.EncodeToString([]byte(text))
		out.Encode(answer{Out: &encoded})
	}
}
