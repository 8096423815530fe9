package explain

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/quote"
)

// claims returns the claims of --claims, or of a token. A token that a flag names may have expired.
// For a chain they are only needed for the name of the session, and may be zero.
func (c *Command) claims(ctx context.Context, t *terminal.Terminal) (claims.Claims, error) {
	if len(c.NextRole) > 0 && c.Claims == "" && !c.Chosen() {
		return claims.Claims{}, nil
	}
	if c.Claims != "" {
		return c.claimsOfFile(t)
	}
	raw, found, err := c.Raw(ctx)
	if err != nil {
		return claims.Claims{}, err
	}
	if found {
		token, err := idp.ParseToken(raw)
		if err != nil {
			return claims.Claims{}, fmt.Errorf("%s: %w", c.RawName(), err)
		}
		return token.Claims(), nil
	}
	audience := cmp.Or(c.Audience, awsfed.Audience(cmp.Or(c.RoleARN, c.Role)))
	src, err := c.Source(audience, t.Logger(c.Verbose))
	if err != nil {
		return claims.Claims{}, err
	}
	token, err := src.Token(ctx)
	if err != nil {
		return claims.Claims{}, err
	}
	return token.Claims(), nil
}

func (c *Command) claimsOfFile(t *terminal.Terminal) (claims.Claims, error) {
	if c.Claims == "-" && c.Policy == "-" {
		return claims.Claims{}, errors.New("--policy and --claims cannot both be standard input")
	}
	text, err := t.ReadFile(c.Claims)
	if err != nil {
		return claims.Claims{}, err
	}
	all, err := readClaims([]byte(text))
	if err != nil {
		return claims.Claims{}, fmt.Errorf("--claims %s: %w", quote.Path(c.Claims), err)
	}
	return all, nil
}

// readClaims reads the payload of a token, or the output of "idp token --decode".
func readClaims(text []byte) (claims.Claims, error) {
	const wanted = "give the payload of a token, or the output of idp token --decode"
	var decoded struct {
		Claims json.RawMessage
		Header json.RawMessage
	}
	if err := json.Unmarshal(text, &decoded); err == nil && decoded.Claims != nil && decoded.Header != nil {
		text = decoded.Claims
	}
	c, err := claims.Parse(text)
	if err != nil {
		return claims.Claims{}, fmt.Errorf("%w; %s", err, wanted)
	}
	if c.Issuer == "" {
		return claims.Claims{}, errors.New("the claims have no iss: " + wanted)
	}
	return c, nil
}
