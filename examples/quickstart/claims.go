package main

import (
	"fmt"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
)

// showClaims prints what a token says, takes its subject apart, and builds it again.
func showClaims(token *idp.Token, out *report) error {
	c := token.Claims()
	out.line("version", "%s", c.Version())
	out.line("issuer", "%q", c.Issuer)
	out.line("audience", "%q", c.Audience)
	// Nothing but keys and ids is left of it: a V3 subject may hold an e-mail address. Those of V2 are whole.
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
		out.note("that is no V2 or V3 subject of Ona's, so it is not taken apart")
		return nil
	}
	if err != nil {
		return err
	}
	if rebuilt != c.Subject {
		return fmt.Errorf("the subject was rebuilt as %q, which differs from %q", claims.RedactSubject(rebuilt), claims.RedactSubject(c.Subject))
	}
	out.line("rebuilt", "equal to what was parsed")
	return nil
}

// rebuildV2 needs nothing but the subject.
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

// rebuildV3 reads the pairs of the subject with the help of the other claims, and builds it of those.
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
