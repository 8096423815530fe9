// Package claims reads and builds what Ona's ID tokens say. It needs nothing but
// the standard library, opens no connection and checks no signature; package
// idp/issuer does that.
//
// [ParseUnverified] reads a token, [Parse] the payload of a token that was
// verified elsewhere. The result, [Claims], is the same for the three versions of
// Ona's tokens:
//
//	header, c, err := claims.ParseUnverified(token)
//	if err != nil {
//		return err // a *claims.ParseError: which part, which byte, why
//	}
//	fmt.Println(header.KeyID, c.Version(), c.Issuer, c.Audience)
//	// k0 V2 https://app.gitpod.io [sts.amazonaws.com]
//
// [Claims.Identity] says who the token was issued to, whatever its version, and
// refuses claims that contradict each other. [Claims.Validate] holds the claims
// of a verified token against what is expected and reports all that is wrong.
//
// # Subjects
//
// The claim "sub" is what trust policies compare, and it differs by version.
//
// V2 has a path of ids, which [Subject] models: org:<id>/prj:<id>/env:<id>. A
// Subject is parsed with [ParseSubject], built with [SubjectFrom], and compared
// with ==.
//
// V3 has pairs of a field and a value, whose fields an organization can add to;
// [Layout] says which. Values are not escaped. So the subject of a layout can be
// built exactly, but a subject alone cannot always be taken apart: somebody whose
// display name is "x:project_id:<some id>" makes one with two readings.
// [Layout.Parse] then returns an [*AmbiguousSubjectError] and never picks one;
// [Claims.SubjectV3] reads the subject with the other claims of the token at
// hand, which settle it.
//
// V1 is not documented. It is read as far as it is known.
//
// # Personal data
//
// V3 tokens hold e-mail addresses, names and what an identity provider says, and
// V3 subjects may. What this package prints, logs or puts into error messages
// has none of it, and no text from outside but quoted, escaped and cut.
// [RedactSubject] does that for a subject. The raw text is in the exported fields
// of [Claims], [SubjectV3] and the error types, and in [Claims.Payload].
//
// # Compatibility
//
// The forms of subjects and session names that are accepted and built do not
// change, except that new fields and principals of Ona's are added. The wording
// of errors and of String methods may change; their types and fields may not.
package claims
