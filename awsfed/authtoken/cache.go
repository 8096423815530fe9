package authtoken

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/onafed/onafed/internal/quote"
)

// ElastiCache returns a source of passwords for a user of a replication group in ElastiCache, for
// Valkey or Redis OSS. group is the ID of the replication group, which ElastiCache keeps in lower
// case, and user is the ID of a user with IAM authentication, which is also its name. The region of
// cfg is that of the group. Tokens are valid for 15 minutes.
//
// ElastiCache ends a connection 12 hours after the last AUTH or HELLO, and needs TLS.
//
// Source: "Authenticating with IAM" (Amazon ElastiCache User Guide). The error is an [*OptionError].
func ElastiCache(cfg aws.Config, group, user string) (*Source, error) {
	return cache("ElastiCache", "group", "elasticache", cfg, strings.ToLower(group), user, nil)
}

// ElastiCacheServerless is [ElastiCache] for the serverless cache of that name.
func ElastiCacheServerless(cfg aws.Config, name, user string) (*Source, error) {
	return cache("ElastiCacheServerless", "name", "elasticache", cfg, strings.ToLower(name), user,
		url.Values{"ResourceType": {"ServerlessCache"}})
}

// MemoryDB returns a source of passwords for a user of the MemoryDB cluster of that name. The
// region of cfg is that of the cluster. Tokens are valid for 15 minutes. MemoryDB ends a connection
// 12 hours after the last AUTH or HELLO, and needs TLS.
//
// Source: "Authenticating with IAM" (Amazon MemoryDB Developer Guide). The error is an
// [*OptionError].
func MemoryDB(cfg aws.Config, cluster, user string) (*Source, error) {
	return cache("MemoryDB", "cluster", "memorydb", cfg, cluster, user, nil)
}

// cache returns the source of a function for a service with the protocol of Redis. option is the
// name of the function's parameter for the cache, and service is the name in the signature.
func cache(fn, option, service string, cfg aws.Config, name, user string, extra url.Values) (*Source, error) {
	if !isName(name, "-", 40) {
		return nil, optionError(fn, option, "%s: want 1 to 40 letters, digits and -, the name without a domain", quote.Text(name, 60))
	}
	if err := checkUser(user); err != nil {
		return nil, optionError(fn, "user", "%w", err)
	}
	query := url.Values{"Action": {"connect"}, "User": {user}, "X-Amz-Expires": {"900"}}
	maps.Copy(query, extra)
	endpoint := "http://" + name + "/?" + query.Encode()
	return newSource(fn, cfg, databaseLife, func(ctx context.Context, c aws.Credentials) (string, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, http.NoBody)
		if err != nil {
			return "", err
		}
		signed, _, err := v4.NewSigner().PresignHTTP(ctx, c, request, emptyPayload, service, cfg.Region, time.Now().UTC())
		return strings.TrimPrefix(signed, "http://"), err
	})
}

// emptyPayload is the SHA-256 of no bytes, in hexadecimal.
const emptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
