package main

import (
	"fmt"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
)

// showClaims prints the claims of a token, parses its subject, and builds it again.
func showClaims(token *idp.Token, out *report) error {
	c := token.Claims()
	out.line("version", "%s", c.Version())
	out.line("issuer", "%q", c.Issuer)
	out.line("audience", "%q", c.Audience)
	// Only field names and IDs are printed, because a V3 subject may contain an email address.
	out.line("subject", "%s", claims.RedactSubject(c.Subject))
	out.line("lifetime", "%s", c.Expiry.Sub(c.IssuedAt))
	var (
		rebuilt string
		err     error
	)
	switch c.Version() {
	case claims.V2:
		rebuilt, err = rebuildV2(c, out)
	case claims.V3:
		rebuilt, err = rebuildV3(c, out)
	default:
		out.note("this is not a V2 or V3 subject of Ona, so it is not parsed")
		return nil
	}
	if err != nil {
		return err
	}
	if rebuilt != c.Subject {
		return fmt.Errorf("the rebuilt subject %q differs from %q", claims.RedactSubject(rebuilt), claims.RedactSubject(c.Subject))
	}
	out.line("rebuilt", "equal to the parsed subject")
	return nil
}

// rebuildV2 builds the subject from its own segments.
func rebuildV2(c claims.Claims, out *report) (string, error) {
	subject, err := claims.ParseSubject(c.Subject)
	if err != nil {
		return "", err
	}
	var segments []claims.Segment
	for s := range subject.Segments() {
		segments = append(segments, s)
		out.line("  "+string(s.Key), "%s", s.Value)
	}
	rebuilt, err := claims.SubjectFrom(segments...)
	return rebuilt.String(), err
}

// rebuildV3 builds the subject from the other claims, in the layout of the parsed subject.
func rebuildV3(c claims.Claims, out *report) (string, error) {
	id, err := c.Identity()
	if err != nil {
		return "", err
	}
	out.line("identity", "%s", id)
	subject, err := c.SubjectV3()
	if err != nil {
		return "", err
	}
	base := 2
	if subject.Kind == claims.KindAccount {
		base = 1
	}
	var extra []string
	for _, pair := range subject.Pairs[base:] {
		extra = append(extra, pair.Name)
	}
	layout, err := claims.NewLayout(extra...)
	if err != nil {
		return "", err
	}
	return layout.Build(c)
}
