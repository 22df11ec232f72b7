-- Every campaign by its newest version.
SELECT DISTINCT ON (name) name, version, state, automatic FROM campaign ORDER BY name, version DESC
