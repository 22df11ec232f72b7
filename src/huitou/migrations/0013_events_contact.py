import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("huitou", "0012_admin_rates"),
    ]

    operations = [
        migrations.CreateModel(
            name='Contact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.TextField(default='')),
                ('address', models.TextField(default='')),
                ('campaign', models.TextField(default='')),
                ('message', models.TextField(default='')),
                ('occurred_at', models.BigIntegerField()),
                ('source', models.TextField()),
                ('event_id', models.TextField()),
                ('customer', models.ForeignKey(db_column='customer', db_index=False, on_delete=django.db.models.deletion.PROTECT, to='huitou.customer')),
            ],
            options={
                'db_table': 'contact',
                'indexes': [models.Index(fields=['customer', 'occurred_at'], name='contact_customer'), models.Index(condition=models.Q(('address', ''), _negated=True), fields=['channel', 'address', 'occurred_at'], name='contact_address')],
                'constraints': [models.UniqueConstraint(fields=('source', 'event_id'), name='contact_once')],
            },
        ),
    ]
