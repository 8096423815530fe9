// Package strictjson reads JSON texts (RFC 8259) in one pass, more strictly than encoding/json.
//
// Two programs that read one text differently can be played off against each other: one checks a
// member, the other acts on a second member of the same name. So in each object the names are
// unique after unescaping, letter case matters, strings are valid UTF-8 without lone surrogates,
// and nothing may follow the text. Every error has the byte offset at which the text is wrong.
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
