// Package claims reads the claims of Ona's ID tokens, and builds and parses their subjects.
//
// [ParseUnverified] reads a token, and [Parse] reads the payload of a token that was verified
// elsewhere. The result, [Claims], is the same for the three versions of Ona's tokens:
//
//	header, c, err := claims.ParseUnverified(token)
//	if err != nil {
//		return err // a *claims.ParseError: the part, the offset and the reason
//	}
//	fmt.Println(header.KeyID, c.Version(), c.Issuer, c.Audience)
//	// k0 V2 https://app.gitpod.io [sts.amazonaws.com]
//
// [Claims.Identity] returns the principal that a token of any version was issued to, and refuses
// claims that contradict each other. [Claims.Validate] compares the claims of a verified token with
// the expected ones, and returns all differences. The package opens no connection and verifies no
// signature; package idp/issuer does that.
//
// # Subjects
//
// Trust policies compare the claim "sub". Its form depends on the version of the token.
//
// V2 has a path of ids: org:<id>/prj:<id>/env:<id>. [Subject] is its type. [ParseSubject] parses a
// Subject, [SubjectFrom] builds one, and == compares two.
//
// V3 has pairs of a field and a value. An organization can add fields; [Layout] describes them.
// Values are not escaped. So a layout and the claims determine the subject exactly, but a subject
// alone may have more than one reading: a person whose display name is "x:project_id:<some id>"
// causes two. [Layout.Parse] then returns an [*AmbiguousSubjectError] and does not choose one.
// [Claims.SubjectV3] reads the subject together with the other claims of the token, and is never
// ambiguous.
//
// V1 is not documented. It is read as far as it is known.
//
// # Personal data
//
// V3 tokens contain personal data: e-mail addresses, names and claims of an identity provider. V3
// subjects may contain it too. The messages, logs and printed values of this package do not contain
// it. They show other text from outside only quoted, escaped and cut. [RedactSubject] does that for
// a subject. The original text is in the exported fields of [Claims], [SubjectV3] and the error
// types, and in [Claims.Payload]. Encoders that read exported fields, such as encoding/xml and
// encoding/gob, write it.
//
// # Compatibility
//
// The forms of subjects and session names that are accepted and built do not change. New fields and
// principals may be added. The wording of errors and of String methods may change. Their types and
// fields may not.
package claims
