package problems

import (
	"strings"
	"testing"
)

// Every problem of a JSON file is reported where it stands.
func TestJSONErrorsSayWhere(t *testing.T) {
	good := `{
  "layers": [
    {"in": 1, "out": 2, "W": [[1], [2]],
     "b": [3, 4]},
    {"in": 2, "out": 1,
     "W": [
       [5, 6]
     ], "b": [7]}
  ]
}
`
	if _, err := parseNetwork("net.json", []byte(good), 1, 1); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, c := range []struct{ old, new, want string }{
		{`"b": [3, 4]`, `"b": [3, null]`, "net.json:4:15: field layers[0].b[1]: null; it must be a finite number"},
		{`"b": [3, 4]`, `"b": [3]`, "net.json:4:11: field layers[0].b: 1 numbers; it must be 2"},
		{`"b": [3, 4]`, `"c": [3, 4]`, "net.json:3:5: field layers[0].b: missing; it must be a list of numbers"},
		{`"b": [3, 4]`, `"in": 1, "b": [3, 4]`, "net.json:4:6: field layers[0].in: there twice; every field may be there once"},
		{`"b": [3, 4]`, `"b" [3, 4]`, "net.json:4:10: not JSON: invalid character '[' after object key; it must be an object {..}"},
		{`[5, 6]`, `[5, 6, 7]`, "net.json:7:8: field layers[1].W[0]: 3 numbers; it must be 2"},
		{`[5, 6]`, `[5, "6"]`, `net.json:7:12: field layers[1].W[0][1]: "6"; it must be a finite number`},
		{`[5, 6]`, `5`, "net.json:7:8: field layers[1].W[0]: 5; it must be a list of numbers"},
		{`"in": 2`, `"in": 3`, "net.json:5:12: field layers[1].in: 3; what it reads has 2 values"},
		{`"layers": [`, `"layers": [17, `, "net.json:2:14: field layers[0]: it is of kind number; it must be an object {..}"},
		{`"layers": [`, `"layers": 1, "more": [`, "net.json:2:13: field layers: it is of kind number; it must be a list [..] of objects"},
		{"  ]\n}\n", "  ]\n", "net.json:9:4: not JSON: unexpected end of JSON input; it must be an object {..}"},
		{"  ]\n}\n", "  ]\n}\n{}", "net.json:11:1: not JSON: invalid character '{' after top-level value; it must be an object {..}"},
		{good, "", "net.json:1:1: not JSON: unexpected end of JSON input; it must be an object {..}"},
		{good, "\n []", "net.json:2:2: it is of kind array; it must be an object {..}"},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		if text == good {
			t.Fatalf("%s is not in the file", c.old)
		}
		if _, err := parseNetwork("net.json", []byte(text), 1, 1); err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.new, err, c.want)
		}
		checked++
	}
	if checked != 15 {
		t.Errorf("%d problems checked", checked)
	}
}

// Names and strings may hold anything that looks like structure.
func TestJSONStructureWithinStrings(t *testing.T) {
	o, err := parseObject("file.json", []byte(`{"a\"]}": "{[\\", "\u0062" : "\u00e9,]", "c":[ ] , "d":{"e":-1.5e3}}`))
	if err != nil {
		t.Fatal(err)
	}
	d, err := o.object("d")
	if err != nil {
		t.Fatal(err)
	}
	first, err1 := o.string(`a"]}`)
	second, err2 := o.string("b")
	third, err3 := o.vector("c", 0)
	fourth, err4 := d.number("e")
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil {
		t.Fatal(err1, err2, err3, err4)
	}
	if first != `{[\` || second != "é,]" || len(third) != 0 || fourth != -1500 {
		t.Errorf("%q, %q, %v, %v", first, second, third, fourth)
	}
}
