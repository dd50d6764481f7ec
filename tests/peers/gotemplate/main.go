// Command gotemplate renders templates with text/template of Go and sprig, one a line of standard input:
//
//	{"template": "{{ .a }}", "data": {"a": "text"}, "json": false, "missingkey": "default"}
//
// Data is a map[string]string in base64, or what the JSON says when "json" is true. Answers are lines, too:
//
//	{"out": "base64"} or {"error": "text"}
//
// With -repeat N everything is read first and rendered that many times; the answer is how many nanoseconds reading and
// executing the templates took in all. The functions are those of sprig.go, or those of external.go with the tag `external`.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"text/template"
	"time"
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

func render(q question, dot any) (out string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	t := template.New("t").Option("missingkey=" + q.MissingKey)
	if !q.Builtin {
		t = t.Funcs(functions)
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
	repeat := flag.Int("repeat", 0, "how often to render everything")
	flag.Parse()
	in, out := bufio.NewReader(os.Stdin), json.NewEncoder(os.Stdout)
	var questions []question
	var dots []any
	for decoder := json.NewDecoder(in); decoder.More(); {
		var q question
		if err := decoder.Decode(&q); err != nil {
			panic(err)
		}
		dot, err := data(q)
		if err != nil {
			panic(err)
		}
		if *repeat > 0 {
			questions, dots = append(questions, q), append(dots, dot)
			continue
		}
		text, err := render(q, dot)
		if err != nil {
			out.Encode(answer{Error: err.Error()})
			continue
		}
		encoded := base64.StdEncoding.EncodeToString([]byte(text))
		out.Encode(answer{Out: &encoded})
	}
	start := time.Now()
	for range *repeat {
		for at, q := range questions {
			render(q, dots[at])
		}
	}
	if *repeat > 0 {
		fmt.Println(time.Since(start).Nanoseconds())
	}
}
