"""What is kept: schema, migrations, one file of statements per noun. Only this room and `report` speak SQL."""
