package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/onafed/onafed/awsfed/export"
)

// Kinds of keys that a profile has in one of the shared files.
const (
	noKeys        = ""
	temporaryKeys = "temporary"
	longTermKeys  = "long-term"
)

// keysOf tells what keys a profile has in a file, as package export tells them apart: long-term ones have AKIA in front, or neither ASIA
// nor a session token beside them.
func keysOf(file *export.File, profile string) (string, error) {
	value := make(map[string]string)
	for _, key := range []string{"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"} {
		var err error
		if value[key], _, err = file.Lookup(profile, key); err != nil {
			return noKeys, err
		}
	}
	id := value["aws_access_key_id"]
	switch {
	case id+value["aws_secret_access_key"] == "":
		return noKeys, nil
	case strings.HasPrefix(id, "AKIA"):
		return longTermKeys, nil
	case strings.HasPrefix(id, "ASIA"), value["aws_session_token"]+value["aws_security_token"] != "":
		return temporaryKeys, nil
	}
	return longTermKeys, nil
}

// keyWords name keys among settings.
func keyWords(kind string) []string {
	if kind == noKeys {
		return nil
	}
	return []string{kind + " keys"}
}

// otherSources are the settings of a profile in the config file with which some SDK or the AWS CLI takes credentials from elsewhere,
// whatever keys the credentials file has (botocore's order is role, web identity, SSO, keys; that of the Go SDK is another).
func otherSources(config *export.File, profile string) (keys []string, err error) {
	for _, key := range []string{
		"role_arn", "source_profile", "credential_source", "web_identity_token_file", "login_session",
		"sso_session", "sso_start_url", "sso_account_id", "sso_role_name", "sso_region",
	} {
		_, found, err := config.Lookup(profile, key)
		if err != nil {
			return nil, err
		}
		if found {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// profileFiles are the two shared files, and what the profile of a login has in them beforehand.
type profileFiles struct {
	credentials, config *export.File
	keys, configKeys    string   // kinds of keys
	others              []string // see otherSources
	process             string   // credential_process
}

func (c *loginAWSCommand) files() (f profileFiles, err error) {
	opts := &export.FileOptions{Overwrite: c.Overwrite}
	if f.credentials, err = export.NewCredentialsFile("", opts); err != nil {
		return f, err
	}
	if f.config, err = export.NewConfigFile("", opts); err != nil {
		return f, err
	}
	if f.keys, err = keysOf(f.credentials, c.Profile); err != nil {
		return f, err
	}
	if f.configKeys, err = keysOf(f.config, c.Profile); err != nil {
		return f, err
	}
	if f.process, _, err = f.config.Lookup(c.Profile, "credential_process"); err != nil {
		return f, err
	}
	f.others, err = otherSources(f.config, c.Profile)
	return f, err
}

// refuseOthers is the error of a profile that has other sources of credentials, which win over keys.
func (c *loginAWSCommand) refuseOthers(f profileFiles) error {
	if len(f.others) == 0 || c.Overwrite {
		return nil
	}
	return fmt.Errorf("profile %+q in %s has %s, which the AWS CLI or an SDK prefers to keys: choose another --profile, or remove that with --overwrite",
		c.Profile, withoutHome(f.config.Path()), strings.Join(f.others, ", "))
}

// removeOthers takes other sources of credentials out of the config file.
func (c *loginAWSCommand) removeOthers(ctx context.Context, t *terminal, f profileFiles) error {
	if len(f.others) == 0 {
		return nil
	}
	settings := make([]export.Setting, len(f.others))
	for i, key := range f.others {
		settings[i].Key = key
	}
	if err := f.config.Edit(ctx, c.Profile, settings...); err != nil {
		return fmt.Errorf("the keys of profile %+q were written to %s, but what wins over them could not be removed: %w", c.Profile, withoutHome(f.credentials.Path()), err)
	}
	t.say("removed from profile %+q in %s what would win over the keys: %s", c.Profile, withoutHome(f.config.Path()), strings.Join(f.others, ", "))
	return nil
}
