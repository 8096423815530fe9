package policyfile

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPermissionPolicy(t *testing.T) {
	t.Parallel()
	const good = "{\n  \"Version\": \"2012-10-17\", \"Statement\": [ { \"Effect\": \"Allow\", \"Action\": [\"s3:*\", \"ec2:*\"], \"Resource\": \"\\u002a\", \"Condition\": {} } ]\n}\n"
	const want = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","ec2:*"],"Resource":"*","Condition":{}}]}`
	if got, err := PermissionPolicy(good); err != nil || got != want {
		t.Errorf("PermissionPolicy = %s, %v, want %s", got, err, want)
	}
	for name, text := range map[string]string{
		"empty": "", "a list": "[]", "two texts": want + want, "a comment": "// x\n" + want, "cut off": want[:40],
		"a repeated member":   `{"Statement":[],"Statement":[]}`,
		"no statement":        `{"Version":"2012-10-17"}`,
		"a role":              `{"Statement":[],"Role":{}}`,
		"a control character": `{"Statement":[{"Sid":"a\u001bb"}]}`,
		"a newline":           `{"Statement":[{"Sid":"a\nb"}]}`,
		"beyond U+00FF":       `{"Statement":[{"Sid":"\u2028"}]}`,
		"a name beyond":       `{"Statement":[{"\u0000":""}]}`,
		"too deep":            `{"Statement":[[[[[[[[]]]]]]]]}`,
		"too long":            `{"Statement":[{"Sid":"` + strings.Repeat("a", maxInlinePolicy) + `"}]}`,
	} {
		if got, err := PermissionPolicy(text); err == nil || got != "" {
			t.Errorf("%s: PermissionPolicy = %q, %v, want an error", name, got, err)
		}
	}
}

func FuzzPermissionPolicy(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":"*"}]}`)
	f.Add(`{"Statement":[{"Resource":"\u007b{","Bool":true,"N":-1.5e3,"Null":null}]}`)
	f.Add(`{"Statement":"a\u001b"}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := PermissionPolicy(text)
		if err != nil {
			if got != "" {
				t.Errorf("PermissionPolicy(%q) = %q and the error %v", text, got, err)
			}
			return
		}
		var want, value any
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(got), &value); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, value); diff != "" {
			t.Errorf("PermissionPolicy(%q) is another value (-want +got):\n%s", text, diff)
		}
		if again, err := PermissionPolicy(got); err != nil || again != got {
			t.Errorf("PermissionPolicy(%q) = %q, %v", got, again, err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(got)); err != nil || compact.String() != got {
			t.Errorf("PermissionPolicy(%q) = %q has white space", text, got)
		}
	})
}
