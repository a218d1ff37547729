"""flask-smorest that speaks SQLModel and pydantic: Api, Blueprint, problem details, OpenAPI 3.1."""
