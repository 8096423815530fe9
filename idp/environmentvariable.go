package idp

// EnvironmentVariable is an environment variable that [FromEnvironment] reads. A variable that is
// neither Secret nor File holds an address or an ID.
type EnvironmentVariable struct {
	Name   string
	Secret bool // its value is an API token
	File   bool // its value is the path of a file with an ID token
}

// EnvironmentVariables returns the variables that [FromEnvironment] reads. Those that select a
// source come first, in the order of the search.
func EnvironmentVariables() []EnvironmentVariable {
	return []EnvironmentVariable{
		{Name: envOnaAPIKey, Secret: true},
		{Name: envGitpodAPIKey, Secret: true},
		{Name: envOnaToken, Secret: true},
		{Name: envTokenFile, File: true},
		{Name: envOnaBaseURL},
		{Name: envGitpodBaseURL},
		{Name: envOnaHost},
		{Name: envEnvironmentID},
	}
}
