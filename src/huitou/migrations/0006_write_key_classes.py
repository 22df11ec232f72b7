"""Keys from before are server keys; of each key only its hash is kept."""

import django.db.models.deletion
from django.db import migrations, models

HASH = """
UPDATE write_key SET
    digest = encode(sha256(convert_to(key, 'UTF8')), 'hex'),
    last_four = CASE WHEN length(key) >= 16 THEN right(key, 4) ELSE '' END
"""


class Migration(migrations.Migration):

    dependencies = [
        ("huitou", "0004_message_address"),
    ]

    operations = [
        migrations.AddField('WriteKey', 'digest', models.TextField(default=''), preserve_default=False),
        migrations.AddField(
            'WriteKey', 'key_class', models.TextField(db_column='class', default='server'), preserve_default=False,
        ),
        migrations.AddField('WriteKey', 'last_four', models.TextField(default=''), preserve_default=False),
        migrations.AddField('WriteKey', 'last_used_at', models.BigIntegerField(null=True)),
        migrations.AddField('WriteKey', 'revoked_at', models.BigIntegerField(null=True)),
        migrations.RunSQL(HASH),
        migrations.RemoveField('WriteKey', 'key'),
        migrations.AlterField('WriteKey', 'digest', models.TextField(unique=True)),
        migrations.CreateModel(
            name='KeyTally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.TextField()),
                ('rule', models.TextField()),
                ('events', models.BigIntegerField()),
                ('last_at', models.BigIntegerField()),
                ('write_key', models.ForeignKey(
                    db_column='write_key', on_delete=django.db.models.deletion.CASCADE, to='huitou.writekey',
                )),
            ],
            options={
                'db_table': 'key_tally',
                'constraints': [
                    models.UniqueConstraint(fields=('write_key', 'outcome', 'rule'), name='key_tally_once'),
                ],
            },
        ),
    ]
