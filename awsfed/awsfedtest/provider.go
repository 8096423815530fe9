package awsfedtest

import (
	"errors"
	"net/netip"

	"github.com/onafed/onafed/internal/httpjson"
)

// checkProviderURL says why IAM would not register a provider with this URL. A port, which IAM refuses as well, is admitted on a
// loopback literal, where a test's issuer may have nothing better.
func checkProviderURL(raw string, loopbackHTTP bool) error {
	u, err := httpjson.CheckURL(raw, loopbackHTTP)
	if err != nil {
		return err
	}
	switch {
	case u.RawQuery != "" || u.ForceQuery:
		return errors.New("a provider URL has no query")
	case u.Port() != "":
		if a, err := netip.ParseAddr(u.Hostname()); err != nil || !a.IsLoopback() {
			return errors.New("a provider URL has no port")
		}
	}
	return nil
}
