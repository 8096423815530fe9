// Package strictjson reads JSON texts (RFC 8259) in one pass, more strictly than encoding/json.
//
// If two programs read one text differently, an attacker can use the difference: one program checks
// a member, and the other acts on a second member of the same name. So in each object the names are
// unique after unescaping, letter case matters, strings are valid UTF-8 without lone surrogates, and
// nothing may follow the text. Every error has the byte offset of the fault.
//
// The caller reads the value that it expects, and skips the others:
//
//	l := strictjson.New(text, strictjson.Limits{Depth: 32})
//	var issuer string
//	err := l.Document(func(name string, _ int) error {
//		var err error
//		switch name {
//		case "iss":
//			issuer, err = l.Text()
//		default:
//			err = l.Skip()
//		}
//		return err
//	})
package strictjson
