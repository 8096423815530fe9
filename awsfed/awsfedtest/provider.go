package awsfedtest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/quote"
)

// A Provider is an OIDC identity provider in IAM.
type Provider struct {
	// URL is the issuer, equal to the iss of its tokens byte for byte. As in AWS it is https and
	// has no port. For an issuer on a loopback port, give an HTTPClient that connects this host to
	// that port.
	URL string
	// ClientIDs are the accepted audiences: 1 to 100 of 1 to 255 bytes.
	ClientIDs []string
	// Account is the account of the provider: 12 digits. Only roles of this account can use it.
	Account string
}

func (s *STS) addProvider(p Provider) error {
	if !arn.IsAccount(p.Account) {
		return fmt.Errorf("account %s is not 12 digits", quote.Text(p.Account, 20))
	}
	if n := len(p.ClientIDs); n < 1 || n > 100 {
		return fmt.Errorf("%d client IDs; IAM accepts 1 to 100", n)
	}
	if slices.ContainsFunc(p.ClientIDs, func(id string) bool { return id == "" || len(id) > 255 }) {
		return errors.New("a client ID does not have 1 to 255 bytes")
	}
	if _, err := trust.ProviderARN("aws", p.Account, p.URL); err != nil {
		return err
	}
	id := providerID(p.Account, p.URL)
	if _, exists := s.providers[id]; exists {
		return errors.New("the provider appears twice in account " + p.Account)
	}
	p.ClientIDs = slices.Clone(p.ClientIDs)
	s.providers[id] = p
	return nil
}

// providerID is the key of STS.providers. Several accounts can have a provider with the same URL.
func providerID(account, url string) string { return account + " " + url }
